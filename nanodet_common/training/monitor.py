"""Who is told how training goes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from nanodet_common.training.writing import cannot_write, write_whole

Record = Mapping[str, Any]


class Monitor(Protocol):
    """Is told of every step and every validation, in the order of the run.

    Epochs and steps count from 1: `step` is the number of steps done. After a resumption the steps go on from those of
    the checkpoint; what had been told of later ones was lost with them.
    """

    def train(self, record: Record) -> None:
        """A step: epoch, step, batch (its number in the epoch), lr, loss and its parts, grad_norm, images_per_s,
        memory_mb, seconds (of this step, waiting for its batch included)."""

    def validation(self, record: Record) -> None:
        """A validation: epoch, step, the metrics by name (None: not measured), seconds."""

    def left_out(self, record: Record) -> None:
        """An image that could not be read, told once at the end of an epoch: epoch, step, file, reason."""

    def close(self) -> None:
        """The run is over, for whatever reason."""


class JsonLines:
    """A file with one object a line, complete after each."""

    def __init__(self, path: Path, *, step: int) -> None:
        """Go on after this step: what is said of later ones is removed, and so is a line that is not whole.

        Raises UserError if the file cannot be read or written.
        """
        self._path = path
        try:
            kept = b"".join(line for line in _lines(path) if _told_by(line, step))
            self._file = open(path, "r+b" if path.exists() else "w+b", buffering=0)  # noqa: SIM115 - until `close`
            write_whole(self._file, kept)
            self._file.truncate()
        except OSError as error:
            raise cannot_write(path, error) from error

    def start(self, record: Record) -> None:
        """How the run, or its resumption, came about."""
        self._write("start", record)

    def train(self, record: Record) -> None:
        self._write("train", record)

    def validation(self, record: Record) -> None:
        self._write("validation", record)

    def left_out(self, record: Record) -> None:
        self._write("left_out", record)

    def close(self) -> None:
        self._file.close()

    def _write(self, kind: str, record: Record) -> None:
        try:
            write_whole(self._file, json.dumps({"kind": kind, **record}).encode() + b"\n")
        except OSError as error:
            raise cannot_write(self._path, error) from error


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True) if path.exists() else []


def _told_by(line: bytes, step: int) -> bool:
    """Whether a line is whole and about nothing after this step."""
    try:
        return line.endswith(b"\n") and json.loads(line).get("step", 0) <= step
    except (ValueError, AttributeError):
        return False
