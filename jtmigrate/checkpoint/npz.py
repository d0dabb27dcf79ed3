"""numpy's `.npz`: a zip archive with one `<name>.npy` an array. Arrays of objects, which are pickles, are not read."""

import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from jtmigrate.checkpoint.contents import Contents, TensorLeaf
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.model import DTYPES
from jtmigrate.checkpoint.numpy_arrays import array_from_bytes

CONTAINER = "npz"
KEEPS_TIES = False

_MAGIC = b"PK\x03\x04"
_SUFFIX = ".npy"

# What zipfile raises on a damaged archive.
_DAMAGE = (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError, struct.error, zlib.error)

# What numpy lets through when the header of an .npy, a Python literal, is none.
_BAD_HEADER = (SyntaxError, tokenize.TokenError, TypeError, MemoryError, RecursionError)

_UNFOLDED = 64 << 20
_RATIO = 100
"""A compressed archive may unfold to this many bytes, or to this many times its size, whichever is more."""

_HEADER_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def matches(head: bytes) -> bool:
    """Whether a file that begins with `head` is a zip archive whose first member is an `.npy`."""
    if not head.startswith(_MAGIC) or len(head) < 30:
        return False
    length = struct.unpack("<H", head[26:28])[0]
    return head[30 : 30 + length].endswith(_SUFFIX.encode())


def read(file: BinaryIO) -> Contents:
    """Raises FormatError if the archive is damaged, unfolds to an absurd size, or has a name twice."""
    size = file.seek(0, os.SEEK_END)
    try:
        archive = zipfile.ZipFile(file)
    except _DAMAGE as error:
        raise FormatError(f"damaged or truncated zip archive ({error})") from error
    members = archive.infolist()
    unfolded = sum(member.file_size for member in members)
    if unfolded > max(_UNFOLDED, _RATIO * size):
        raise FormatError(f"unfolds from {size} to {unfolded} bytes, which no array of weights does")
    if len({member.filename for member in members}) < len(members):
        raise FormatError("its archive holds a name twice")
    arrays = [member for member in members if member.filename.endswith(_SUFFIX)]
    if not arrays:
        raise FormatError("holds no arrays")
    return Contents(
        {member.filename.removesuffix(_SUFFIX): _Leaf(archive, member) for member in arrays},
        CONTAINER,
        left_behind=tuple(member.filename for member in members if member not in arrays),
    )


def write(file: BinaryIO, tensors: Mapping[str, np.ndarray]) -> None:
    """Write what `numpy.load` opens, uncompressed; tied tensors become copies, as the format has no ties.

    Raises FormatError for a name that a zip archive cannot hold.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in tensors.items():
            # ZipInfo's fixed default date makes equal tensors give equal files.
            member = zipfile.ZipInfo(f"{name}{_SUFFIX}")
            if member.filename != f"{name}{_SUFFIX}" or len(member.filename.encode()) > 0xFFFF:
                raise FormatError(f"an {CONTAINER} cannot hold the name {name[:40]!r}: rename the tensor")
            with archive.open(member, "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)


@dataclass(frozen=True, eq=False)
class _Leaf(TensorLeaf):
    archive: zipfile.ZipFile
    member: zipfile.ZipInfo

    def to_array(self) -> np.ndarray:
        try:
            with self.archive.open(self.member) as stream:
                version = np.lib.format.read_magic(stream)
                if version not in _HEADER_READERS:
                    raise FormatError(f"is of version {version} of the .npy format, which is not read")
                shape, fortran, dtype = _HEADER_READERS[version](stream)
                if dtype.name not in DTYPES:
                    raise FormatError(f"is {dtype.name}, which is not read: save it as one of {', '.join(DTYPES)}")
                if math.prod(shape) * dtype.itemsize > self.member.file_size:
                    raise FormatError(f"shape {shape} of {dtype.name} needs more than the file holds")
                return array_from_bytes(stream.read(), dtype, shape, "F" if fortran else "C")
        except FormatError:
            raise
        except (*_DAMAGE, *_BAD_HEADER) as error:
            raise FormatError(f"damaged .npy ({str(error).partition(chr(10))[0] or type(error).__name__})") from error
