"""Write a checkpoint tensor by tensor, in the format that the suffix of its path names."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

import numpy as np

from jtmigrate.checkpoint import jittor_pickle, npz, safetensors, torch_zip
from jtmigrate.checkpoint.errors import FormatError, UnwritableError
from jtmigrate.checkpoint.model import Checkpoint
from jtmigrate.checkpoint.tensors import ArrayTensor, TensorLeaf, named_pieces
from jtmigrate.errors import UserError
from jtmigrate.files import replacing, sha256_of

# Each has CONTAINER, KEEPS_TIES, HOLDS (names of dtypes), check_name(name), write(file, tensors) and read(file).
_WRITERS = {
    ".pth": torch_zip,
    ".pt": torch_zip,
    ".ckpt": torch_zip,
    ".pkl": jittor_pickle,
    ".safetensors": safetensors,
    ".npz": npz,
}

SUFFIXES = tuple(_WRITERS)
"""Of the files that can be written."""


def write_checkpoint(path: str | PathLike[str], checkpoint: Checkpoint) -> None:
    """Like `write_leaves` for tensors in memory. Names that hold the same array object are tied."""
    write_leaves(path, {name: ArrayTensor(array) for name, array in checkpoint.tensors.items()})


def write_leaves(path: str | PathLike[str], tensors: Mapping[str, TensorLeaf], *, prove: bool = True) -> str:
    """Write tensors, a piece at a time, in place of an existing file, which is replaced atomically.

    Names with equal leaves stay tied where the format allows it. With `prove`, what was written is read back and
    compared bit for bit before it takes its place, and the SHA-256 of the new file is returned; else "".

    Raises UserError if the suffix is unknown, a dtype or a name has no place in the file, or the file cannot be
    written, and FormatError if a tensor cannot be read from where it comes; nothing is left behind then.
    """
    path = Path(path)
    writer = _writer(path)
    try:
        _check(writer, tensors)
        with replacing(path) as file:
            writer.write(file, tensors)
            file.flush()
            return _proof(file, writer, tensors) if prove else ""
    except UnwritableError as error:
        raise UserError(f"{path}: {error}") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}; give another path") from error


def check_leaves(path: str | PathLike[str], tensors: Mapping[str, TensorLeaf]) -> None:
    """Read every tensor, and write nothing. Raises what `write_leaves` would raise for them or the path's suffix."""
    try:
        _check(_writer(Path(path)), tensors)
    except UnwritableError as error:
        raise UserError(f"{path}: {error}") from error
    for name, tensor in tensors.items():
        for _ in named_pieces(name, tensor):
            pass


def container_for(path: str | PathLike[str]) -> str:
    """The format in which `write_checkpoint` writes this path. Raises UserError for an unknown suffix."""
    return _writer(Path(path)).CONTAINER


def keeps_ties(path: str | PathLike[str]) -> bool:
    """Whether names written to this path can share one tensor. Raises UserError for an unknown suffix."""
    return _writer(Path(path)).KEEPS_TIES


def _writer(path: Path) -> ModuleType:
    if path.suffix not in _WRITERS:
        known = ", ".join(f"{suffix} ({writer.CONTAINER})" for suffix, writer in _WRITERS.items())
        raise UserError(f"{path}: unknown suffix {path.suffix!r} for a checkpoint; known: {known}")
    return _WRITERS[path.suffix]


def _check(writer: ModuleType, tensors: Mapping[str, TensorLeaf]) -> None:
    """Raises UnwritableError for what is known before anything is written."""
    if not tensors:
        raise UnwritableError("no tensors to write")
    for name, tensor in tensors.items():
        writer.check_name(name)
        if tensor.dtype.name not in writer.HOLDS:
            known = ", ".join(writer.HOLDS)
            raise UnwritableError(f"tensor {name!r} is {tensor.dtype.name}; a {writer.CONTAINER} here holds {known}")


def _proof(file: BinaryIO, writer: ModuleType, tensors: Mapping[str, TensorLeaf]) -> str:
    """The SHA-256 of the file, once it was read back. Raises OSError if it differs: the file system is at fault."""
    with ThreadPoolExecutor(1) as executor:
        digest = executor.submit(sha256_of, file.name)
        file.seek(0)
        with _readable():
            found = writer.read(file).leaves
        if list(found) != list(tensors):
            raise OSError(0, "the names read back differ from those written")
        for name, tensor in tensors.items():
            if not _equal(tensor, found[name]):
                raise OSError(0, f"tensor {name!r} read back differs from what was written")
        return digest.result()


def _equal(source: TensorLeaf, back: TensorLeaf) -> bool:
    """Whether two tensors are equal bit for bit."""
    if (source.shape, source.dtype) != (back.shape, back.dtype):
        return False
    theirs, kept = back.pieces(), np.empty(0, np.uint8)
    for piece in source.pieces():
        ours = piece.view(np.uint8)
        while ours.size:
            if not kept.size:
                with _readable():
                    kept = next(theirs).view(np.uint8)
            common = min(ours.size, kept.size)
            if not np.array_equal(ours[:common], kept[:common]):
                return False
            ours, kept = ours[common:], kept[common:]
    with _readable():
        # A checksum is verified when the end is asked for.
        return next(theirs, None) is None


@contextmanager
def _readable() -> Iterator[None]:
    """Damage in what was just written is no fault of the source."""
    try:
        yield
    except FormatError as error:
        raise OSError(0, f"what was written cannot be read back ({error})") from error
