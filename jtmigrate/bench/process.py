"""A worker process as the parent sees it."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from jtmigrate.bench.protocol import Lines, WorkerError, encode, read_answer

PATIENCE = 1800.0
"""Seconds: a worker may have hundreds of kernels to compile before it answers."""
GRACE = 10.0
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
SHOWN = 300
"""Characters of a dead worker's last words."""


class Worker:
    """Started at once; `call` asks, the end of a `with` block ends it, whatever it is doing."""

    def __init__(
        self,
        factory: str,
        settings: Mapping[str, Any],
        environment: Mapping[str, str],
        *,
        patience: float = PATIENCE,
    ) -> None:
        """factory, settings: of `worker.py`; environment: beside the parent's own."""
        self._patience = patience
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jtmigrate.bench.worker", factory, json.dumps(settings)],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            bufsize=0,
        )
        self._lines = Lines(self._process.stdout)

    def call(self, method: str, **arguments: Any) -> Any:
        """What a method of the subject returns.

        Raises Unavailable where the subject does; WorkerError if it raises anything else, and if the worker died or did
        not answer in time.
        """
        try:
            self._process.stdin.write(encode({"call": method, "arguments": arguments}))
            line = self._lines.next(self._patience)
        except BrokenPipeError:
            line = b""
        except TimeoutError:
            raise WorkerError(f"no answer within {self._patience:g} s") from None
        if not line:
            raise WorkerError(f"the worker ended with {self._ending()}{self._last_words()}")
        return read_answer(line)

    def close(self) -> None:
        """End the process: by the end of its input, and by force if that does not help."""
        self._process.stdin.close()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            # Nobody waits for an answer any more, and a worker that hangs would not read the end of its input.
            self._process.kill()
        self.close()

    def _ending(self) -> str:
        try:
            code = self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            return "its answers closed, though it still runs"
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def _last_words(self) -> str:
        self._log.seek(0)
        words = " ".join(COLOURS.sub("", self._log.read().decode(errors="replace")).split())
        return f": ...{words[-SHOWN:]}" if words else ""
