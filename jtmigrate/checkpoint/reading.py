"""Open a checkpoint, whose format is told by its content, not by its name."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from jtmigrate.checkpoint import jittor_pickle, npz, safetensors, torch_legacy, torch_zip
from jtmigrate.checkpoint.contents import Contents
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.model import Checkpoint
from jtmigrate.errors import UserError

# Each has CONTAINER, matches(head) and read(file). Of two that match, the more particular one is asked first: an .npz
# is a zip archive, a legacy .pth a pickle, and the length that a safetensors file begins with can look like one.
_READERS = (safetensors, npz, torch_zip, torch_legacy, jittor_pickle)

# Their read(file, trust=...) can be told which globals of the pickle are to be imported and called all the same.
_PICKLES = (torch_zip, torch_legacy, jittor_pickle)

# Enough for the longest name of the first member of a zip archive.
_HEAD_BYTES = 30 + 0xFFFF


def read_checkpoint(path: str | PathLike[str], *, trust: Collection[str] = ()) -> Checkpoint:
    """Read a whole file into memory. `trust` as in `open_checkpoint`.

    Raises UserError if the file cannot be read, is damaged, or is no checkpoint.
    """
    with open_checkpoint(path, trust=trust) as contents:
        return contents.load()


@contextmanager
def open_checkpoint(path: str | PathLike[str], *, trust: Collection[str] = ()) -> Iterator[Contents]:
    """What a file holds, to be fetched tensor by tensor within the `with` block.

    trust  "module.name" of classes and functions that a pickle may call: this runs their code

    Raises UserError, from within the block too, like `read_checkpoint`.
    """
    try:
        with open(path, "rb") as file:
            yield replace(read_open_file(file, trust=trust), path=str(path), files=(Path(path),))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except FormatError as error:
        raise UserError(f"{path}: {error}") from error


def read_open_file(file: BinaryIO, *, trust: Collection[str] = ()) -> Contents:
    """What an open file holds. Raises FormatError if it is damaged or no checkpoint."""
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    reader = next((reader for reader in _READERS if reader.matches(head)), None)
    if reader is None:
        raise FormatError(
            f"neither a PyTorch checkpoint nor safetensors, npz, ONNX or a Jittor pickle: it begins {head[:8]!r}"
            if head
            else "the file is empty"
        )
    return reader.read(file, trust=trust) if reader in _PICKLES else reader.read(file)
