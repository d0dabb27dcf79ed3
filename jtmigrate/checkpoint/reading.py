"""Open a checkpoint, whose format is told by its content, not by its name."""

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from jtmigrate.checkpoint import jittor_pickle, npz, onnx, safetensors, sharded, torch_legacy, torch_zip
from jtmigrate.checkpoint.beside import opener
from jtmigrate.checkpoint.contents import Contents
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.model import Checkpoint
from jtmigrate.errors import UserError

# Each has CONTAINER, matches(head) and read(file). Of two that match, the more particular one is asked first: an .npz
# is a zip archive, a legacy .pth a pickle, and the length that a safetensors file begins with can look like one.
_READERS = (safetensors, npz, torch_zip, torch_legacy, jittor_pickle, onnx)

# Their read(file, trust=...) can be told which globals of the pickle are to be imported and called all the same.
_PICKLES = (torch_zip, torch_legacy, jittor_pickle)

_REASON_LENGTH = 600

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

    path   a file, or the index of safetensors in several files, or a folder with one such index
    trust  "module.name" of classes and functions that a pickle may call: this runs their code

    Raises UserError, from within the block too, like `read_checkpoint`.
    """
    try:
        with ExitStack() as stack:
            if index := sharded.index_of(Path(path)):
                yield replace(sharded.read(index, stack), path=str(path))
            else:
                file = stack.enter_context(open(path, "rb"))
                folder = Path(path).parent
                contents = _read(file, trust, opener(folder, stack))
                parts = (folder / part for part in contents.files)
                yield replace(contents, path=str(path), files=(Path(path), *parts))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except FormatError as error:
        raise UserError(f"{path}: {_one_line(str(error))}") from error


def _one_line(reason: str) -> str:
    """A reason may quote names from the file, which can be long and hold anything."""
    line = " ".join(reason.split())
    return line if len(line) <= _REASON_LENGTH else f"{line[:_REASON_LENGTH]} ..."


def _read(file: BinaryIO, trust: Collection[str], open_beside: Callable[[str], BinaryIO]) -> Contents:
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    reader = next((reader for reader in _READERS if reader.matches(head)), None)
    if reader is None:
        raise FormatError(
            f"neither a PyTorch checkpoint nor safetensors, npz, ONNX or a Jittor pickle: it begins {head[:8]!r}"
            if head
            else "the file is empty"
        )
    if reader is onnx:
        return onnx.read(file, open_beside)
    return reader.read(file, trust=trust) if reader in _PICKLES else reader.read(file)
