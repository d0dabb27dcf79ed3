"""Checkpoint files, read into one `Checkpoint` and written from it. No framework is imported, no file is executed."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from types import ModuleType

import numpy as np

from jtmigrate.checkpoint import jittor_pickle, npz, safetensors, torch_legacy, torch_zip
from jtmigrate.checkpoint.contents import Contents
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.model import DTYPES, Checkpoint
from jtmigrate.errors import UserError
from jtmigrate.files import replacing

__all__ = ["Checkpoint", "container_for", "keeps_ties", "open_checkpoint", "read_checkpoint", "write_checkpoint"]

# Each has CONTAINER, matches(head) and read(file). Of two that match, the more particular one is asked first: an .npz
# is a zip archive, a legacy .pth a pickle, and the length that a safetensors file begins with can look like one.
_READERS = (safetensors, npz, torch_zip, torch_legacy, jittor_pickle)

# Each has CONTAINER, KEEPS_TIES and write(file, tensors).
_WRITERS = {
    ".pth": torch_zip,
    ".pt": torch_zip,
    ".ckpt": torch_zip,
    ".pkl": jittor_pickle,
    ".safetensors": safetensors,
    ".npz": npz,
}

# Enough for the longest name of the first member of a zip archive.
_HEAD_BYTES = 30 + 0xFFFF


def read_checkpoint(path: str | PathLike[str]) -> Checkpoint:
    """Read a file whose format is told by its content, not by its name.

    Raises UserError if the file cannot be read, is damaged, or is no checkpoint.
    """
    with open_checkpoint(path) as contents:
        return contents.load(str(path))


@contextmanager
def open_checkpoint(path: str | PathLike[str]) -> Iterator[Contents]:
    """What a file holds, to be fetched tensor by tensor within the `with` block.

    Raises UserError, from within the block too, like `read_checkpoint`.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD_BYTES)
            file.seek(0)
            yield _reader(head).read(file)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except FormatError as error:
        raise UserError(f"{path}: {error}") from error


def write_checkpoint(path: str | PathLike[str], checkpoint: Checkpoint) -> None:
    """Write the tensors in the format that the suffix names, replacing an existing file atomically.

    Names that hold the same array object stay tied where the format allows it. What was written is read back and
    compared bit for bit before it takes its place. Raises UserError if the suffix is unknown, a dtype or a name has no
    place in the file, or the file cannot be written; nothing is left behind then.
    """
    writer = _writer(Path(path))
    native = {id(array): _native(array) for array in checkpoint.tensors.values()}
    tensors = {name: native[id(array)] for name, array in checkpoint.tensors.items()}
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
    except FormatError as error:
        raise UserError(f"{path}: {error}") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}; give another path") from error


def container_for(path: str | PathLike[str]) -> str:
    """The format in which `write_checkpoint` writes this path. Raises UserError for an unknown suffix."""
    return _writer(Path(path)).CONTAINER


def keeps_ties(path: str | PathLike[str]) -> bool:
    """Whether names written to this path can share one tensor. Raises UserError for an unknown suffix."""
    return _writer(Path(path)).KEEPS_TIES


def _reader(head: bytes) -> ModuleType:
    for reader in _READERS:
        if reader.matches(head):
            return reader
    if not head:
        raise FormatError("the file is empty")
    raise FormatError(f"neither a PyTorch checkpoint nor safetensors, npz or a Jittor pickle: it begins {head[:8]!r}")


def _writer(path: Path) -> ModuleType:
    if path.suffix not in _WRITERS:
        known = ", ".join(f"{suffix} ({writer.CONTAINER})" for suffix, writer in _WRITERS.items())
        raise UserError(f"{path}: unknown suffix {path.suffix!r} for a checkpoint; known: {known}")
    return _WRITERS[path.suffix]


def _native(array: np.ndarray) -> np.ndarray:
    """Contiguous and in native byte order, 0-d staying 0-d."""
    return np.asarray(array, array.dtype.newbyteorder("="), order="C")


def _check_same(written: dict[str, np.ndarray], found: Contents) -> None:
    """Raises OSError: after a correct write, only the file system can make a difference."""
    if list(found.leaves) != list(written):
        raise OSError(0, "the names read back differ from those written")
    for name, array in written.items():
        back = found.array(name)
        if (back.dtype, back.shape, back.tobytes()) != (array.dtype, array.shape, array.tobytes()):
            raise OSError(0, f"tensor {name!r} read back differs from what was written")
