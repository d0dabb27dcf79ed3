"""Checkpoint files, read into one `Checkpoint` and written from it. No framework is imported, no file is executed."""

from dataclasses import replace
from os import PathLike
from pathlib import Path
from types import ModuleType

import numpy as np

from jtmigrate.checkpoint import jittor_pickle, torch_legacy, torch_zip
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.model import DTYPES, Checkpoint
from jtmigrate.errors import UserError
from jtmigrate.files import replacing

__all__ = ["Checkpoint", "container_for", "read_checkpoint", "write_checkpoint"]

# Each has CONTAINER, matches(head) and read(file). A legacy .pth is a pickle too, so it is asked before Jittor's.
_READERS = (torch_zip, torch_legacy, jittor_pickle)

# Each has CONTAINER and write(file, tensors).
_WRITERS = {".pth": torch_zip, ".pt": torch_zip, ".ckpt": torch_zip, ".pkl": jittor_pickle}


def read_checkpoint(path: str | PathLike[str]) -> Checkpoint:
    """Read a file whose format is told by its content, not by its name.

    Raises UserError if the file cannot be read, is damaged, or is no checkpoint.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(32)
            file.seek(0)
            return replace(_reader(head).read(file), path=str(path))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except FormatError as error:
        raise UserError(f"{path}: {error}") from error


def write_checkpoint(path: str | PathLike[str], checkpoint: Checkpoint) -> None:
    """Write the tensors in the format that the suffix names, replacing an existing file atomically.

    What was written is read back and compared bit for bit before it takes its place. Raises UserError if the suffix
    is unknown, a dtype has no place in the file, or the file cannot be written; nothing is left behind then.
    """
    writer = _writer(Path(path))
    tensors = {name: _native(array) for name, array in checkpoint.tensors.items()}
    if not tensors:
        raise UserError(f"{path}: no tensors to write")
    for name, array in tensors.items():
        if array.dtype.name not in DTYPES:
            known = ", ".join(DTYPES)
            raise UserError(f"{path}: tensor {name!r} is {array.dtype.name}; a {writer.CONTAINER} here holds {known}")
    try:
        with replacing(Path(path)) as file:
            writer.write(file, tensors)
            file.seek(0)
            _check_same(tensors, writer.read(file))
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}; give another path") from error


def container_for(path: str | PathLike[str]) -> str:
    """The format in which `write_checkpoint` writes this path. Raises UserError for an unknown suffix."""
    return _writer(Path(path)).CONTAINER


def _reader(head: bytes) -> ModuleType:
    for reader in _READERS:
        if reader.matches(head):
            return reader
    if not head:
        raise FormatError("the file is empty")
    raise FormatError(f"neither a PyTorch checkpoint nor a Jittor pickle (it begins with {head[:8]!r})")


def _writer(path: Path) -> ModuleType:
    if path.suffix not in _WRITERS:
        known = ", ".join(f"{suffix} ({writer.CONTAINER})" for suffix, writer in _WRITERS.items())
        raise UserError(f"{path}: unknown suffix {path.suffix!r} for a checkpoint; known: {known}")
    return _WRITERS[path.suffix]


def _native(array: np.ndarray) -> np.ndarray:
    """Contiguous and in native byte order, 0-d staying 0-d."""
    return np.asarray(array, array.dtype.newbyteorder("="), order="C")


def _check_same(written: dict[str, np.ndarray], found: Checkpoint) -> None:
    """Raises OSError: after a correct write, only the file system can make a difference."""
    if list(found.tensors) != list(written):
        raise OSError(0, "the names read back differ from those written")
    for name, array in written.items():
        back = found.tensors[name]
        if (back.dtype, back.shape, back.tobytes()) != (array.dtype, array.shape, array.tobytes()):
            raise OSError(0, f"tensor {name!r} read back differs from what was written")
