"""A worker process, seen from the parent."""

import contextlib
import os
import signal
import subprocess
import sys
from multiprocessing.connection import Pipe
from pathlib import Path
from typing import Any

PROGRAM = "import sys; sys.path[:] = {path!r}; from nanodet_common.loader.worker import main; main()"
ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# By default, glibc returns an image's memory to the system each time and fetches it again, for half of all the time.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(64 << 20)}
SECONDS_TO_END = 5
PATIENCE = 300.0
"""Seconds that a worker may take over one image, unless the user says otherwise: disks of others can be slow."""


class WorkerProcess:
    """`nanodet_common.loader.worker` in a process of its own.

    A program started anew: nothing is forked from a process in which a framework runs threads, and the user's main
    module is not imported a second time.
    """

    def __init__(self, *shared_files: int) -> None:
        """Start it, with descriptors of the memory for images and of the records."""
        requests_end, self._requests = Pipe(duplex=False)
        self._answers, answers_end = Pipe(duplex=False)
        with requests_end, answers_end:
            files = (requests_end.fileno(), answers_end.fileno(), *shared_files)
            self._process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM.format(path=[*sys.path, str(ROOT)]), *map(str, files)],
                pass_fds=files,
                stdin=subprocess.DEVNULL,
                env=os.environ | ONE_THREAD | KEEP_MEMORY,
                # Ctrl-C in a terminal reaches the parent alone, which closes the pipes.
                start_new_session=True,
            )

    def send(self, message: Any) -> None:
        """Hand it a message; one that has died is noticed when its answer is received."""
        with contextlib.suppress(BrokenPipeError):
            self._requests.send(message)

    def receive(self, patience: float) -> Any:
        """Its next answer. Raises EOFError where it died before, TimeoutError after so many seconds without a word."""
        if not self._answers.poll(patience):
            raise TimeoutError
        try:
            return self._answers.recv()
        except OSError as error:
            raise EOFError("in the middle of an answer") from error

    def how_it_ended(self) -> str:
        """What to tell of one that closed its pipes: "was killed by SIGKILL" or "ended with exit code 1"."""
        code = self._process.wait()
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def stop(self) -> None:
        """End it, whatever it is doing. It holds nothing that could be lost."""
        self._requests.close()
        self._answers.close()
        # Not SIGKILL at first: Jittor's signal handler ends this process when a child dies of anything but SIGTERM.
        self._process.terminate()
        try:
            self._process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
