"""The folder of a training run."""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from jtmigrate.checkpoint.tree import write_tree
from jtmigrate.files import write_text
from nanodet_common.errors import InputError
from nanodet_common.training.checkpoint import RunState, read_state, write_state
from nanodet_common.training.writing import replaced

CHECKPOINTS = {"torch": ".ckpt", "jittor": ".pkl"}
WEIGHTS = {"torch": ".pth", "jittor": ".pkl"}
NAMES = (
    "config.yml", "log.jsonl", "events", "results.json", "environment.json",
    *(f"last{suffix}" for suffix in CHECKPOINTS.values()),
    *(f"weights_{name}{suffix}" for name in ("best", "last") for suffix in WEIGHTS.values()),
)  # fmt: skip
"""Of all files that a run writes."""


class RunFolder:
    """Files of one run, for one process at a time:

    config.yml        the configuration, command line included
    log.jsonl         every step and every validation
    events            the same for TensorBoard
    last.ckpt, .pkl   the whole state, of PyTorch and of Jittor; either goes on from either
    weights_best.*    the inference model, averaged, of the best validation; weights_last.* of the last epoch
    results.json      the validations
    environment.json  when, by what command and with which versions the run was started and resumed
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Keep other processes out. Makes the folder if it is missing. Raises InputError where that is impossible."""
        with ExitStack() as stack:
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                lock = stack.enter_context(open(self.path / ".lock", "w"))
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InputError(f"{self.path}: another process is training there; give another --out") from error
            except OSError as error:
                raise InputError(f"cannot write to {self.path}: {error.strerror}; give another --out") from error
            for leftover in self._leftovers():
                leftover.unlink()
            yield

    @property
    def log(self) -> Path:
        """The JSON lines."""
        return self.path / "log.jsonl"

    @property
    def events(self) -> Path:
        """The folder of TensorBoard's event files."""
        return self.path / "events"

    def checkpoint(self, framework: str) -> Path:
        """The whole state as "torch" or "jittor" writes it."""
        return self.path / f"last{CHECKPOINTS[framework]}"

    def weights(self, name: str, framework: str) -> Path:
        """Weights "best" or "last"."""
        return self.path / f"weights_{name}{WEIGHTS[framework]}"

    def is_used(self) -> bool:
        """Whether a run, or somebody else, has left a file here that a run would write."""
        return any((self.path / name).exists() for name in NAMES)

    def is_begun(self) -> bool:
        """Whether here is a run to go on with, killed before its first checkpoint perhaps."""
        return (self.path / "config.yml").exists() or bool(self.checkpoints())

    def checkpoints(self) -> list[Path]:
        """Those of either framework, the last written one last."""
        paths = map(self.checkpoint, CHECKPOINTS)
        return sorted((path for path in paths if path.exists()), key=lambda path: path.stat().st_mtime_ns)

    def newest(self) -> tuple[Path, RunState] | None:
        """The checkpoint that is furthest, of either framework. Raises UserError for one that cannot be read."""
        states = [(path, read_state(path)) for path in self.checkpoints()]
        return max(states, key=lambda one: one[1].position, default=None)

    def save(self, state: RunState) -> None:
        """Replace the checkpoint of the state's framework."""
        path = self.checkpoint(state.framework)
        with replaced(path):
            write_state(path, state)

    def save_weights(self, name: str, framework: str, weights: Mapping[str, np.ndarray], **facts: Any) -> None:
        """Replace weights "best" or "last"; facts go beside them into the file."""
        path = self.weights(name, framework)
        with replaced(path):
            write_tree(path, {"state_dict": weights, **facts})

    def write_config(self, text: str) -> None:
        """Replace the configuration."""
        self._write("config.yml", text)

    def write_results(self, results: Mapping[str, Any]) -> None:
        """Replace the results."""
        self._write("results.json", json.dumps(results, indent=1, allow_nan=False))

    def add_session(self, facts: Mapping[str, Any]) -> None:
        """Note how a process came to work on this run. Raises InputError where the earlier notes are damaged."""
        self._write("environment.json", json.dumps([*self.sessions(), facts], indent=1))

    def sessions(self) -> list[Any]:
        """What `add_session` has noted. Raises InputError if that is damaged."""
        path = self.path / "environment.json"
        if not path.exists():
            return []
        try:
            sessions = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"{path}: cannot be read: {error}; move it away") from error
        if not isinstance(sessions, list):
            raise InputError(f"{path}: is no list of sessions; move it away")
        return sessions

    def _write(self, name: str, text: str) -> None:
        with replaced(self.path / name):
            write_text(self.path / name, text)

    def _leftovers(self) -> list[Path]:
        """Halves of files, of a process that was killed while it wrote."""
        return [half for name in NAMES for half in self.path.glob(f".{name}.*.tmp")]
