"""numpy's `.npz`: a zip archive with one `<name>.npy` an array. Arrays of objects, which are pickles, are not read."""

import os
import struct
import tokenize
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from jtmigrate.checkpoint.byte_ranges import PIECE, ByteRange
from jtmigrate.checkpoint.contents import Contents
from jtmigrate.checkpoint.elements import Element
from jtmigrate.checkpoint.errors import FormatError, UnwritableError
from jtmigrate.checkpoint.model import DTYPES
from jtmigrate.checkpoint.names import is_utf8
from jtmigrate.checkpoint.numpy_arrays import stored_array
from jtmigrate.checkpoint.tensors import StoredTensor, TensorLeaf, named_pieces
from jtmigrate.checkpoint.zip_archive import DAMAGE, MAGIC, StoredMember, open_archive

CONTAINER = "npz"
KEEPS_TIES = False
HOLDS = DTYPES

_SUFFIX = ".npy"

# What numpy lets through when the header of an .npy, a Python literal, is none.
_BAD_HEADER = (SyntaxError, tokenize.TokenError, TypeError, MemoryError, RecursionError)

_UNFOLDED = 64 << 20
_RATIO = 100
"""A compressed archive may unfold to this many bytes, or to this many times its size, whichever is more."""

_HEADER_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def matches(head: bytes) -> bool:
    """Whether a file that begins with `head` is a zip archive whose first member is an `.npy`."""
    if not head.startswith(MAGIC) or len(head) < 30:
        return False
    length = struct.unpack("<H", head[26:28])[0]
    return head[30 : 30 + length].endswith(_SUFFIX.encode())


def read(file: BinaryIO) -> Contents:
    """Raises FormatError if the archive is damaged, unfolds to an absurd size, or has a name twice."""
    size = file.seek(0, os.SEEK_END)
    archive = open_archive(file)
    members = archive.infolist()
    unfolded = sum(member.file_size for member in members)
    if unfolded > max(_UNFOLDED, _RATIO * size):
        raise FormatError(f"unfolds from {size} to {unfolded} bytes, which no array of weights does")
    arrays = {member.filename: member for member in members if member.filename.endswith(_SUFFIX)}
    if not arrays:
        raise FormatError("holds no arrays")
    return Contents(
        {name.removesuffix(_SUFFIX): _leaf(file, archive, member) for name, member in arrays.items()},
        CONTAINER,
        left_behind=tuple(member.filename for member in members if member.filename not in arrays),
    )


def check_name(name: str) -> None:
    """Raises UnwritableError for a name that a zip archive cannot hold."""
    member = f"{name}{_SUFFIX}"
    if not is_utf8(name) or zipfile.ZipInfo(member).filename != member or len(member.encode()) > 0xFFFF:
        raise UnwritableError(f"an {CONTAINER} cannot hold the name {name[:40]!r}: rename the tensor")


def write(file: BinaryIO, tensors: Mapping[str, TensorLeaf]) -> None:
    """Write what `numpy.load` opens, uncompressed; tied tensors become copies, as the format has no ties."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, tensor in tensors.items():
            # ZipInfo's fixed default date makes equal tensors give equal files.
            with archive.open(zipfile.ZipInfo(f"{name}{_SUFFIX}"), "w", force_zip64=True) as stream:
                header = {
                    "descr": np.lib.format.dtype_to_descr(tensor.dtype),
                    "fortran_order": False,
                    "shape": tensor.shape,
                }
                np.lib.format.write_array_header_1_0(stream, header)
                for piece in named_pieces(name, tensor):
                    stream.write(piece)


@dataclass(frozen=True, eq=False)
class _Member(ByteRange):
    """A member, compressed or not, that can only be read from its beginning."""

    archive: zipfile.ZipFile
    member: zipfile.ZipInfo

    @property
    def length(self) -> int:
        return self.member.file_size

    def pieces(self, begin: int, end: int) -> Iterator[np.ndarray]:
        try:
            with self.archive.open(self.member) as stream:
                stream.read(begin)
                while begin < end:
                    piece = stream.read(min(PIECE, end - begin))
                    if not piece:
                        raise FormatError("truncated: its archive ends within the array")
                    yield np.frombuffer(piece, np.uint8)
                    begin += len(piece)
                stream.read(1)
        except DAMAGE as error:
            if isinstance(error, FormatError):
                raise
            raise FormatError(f"damaged or truncated ({error or type(error).__name__})") from error


@dataclass(frozen=True, eq=False)
class _Behind(ByteRange):
    """The bytes of a member behind its header."""

    member: ByteRange
    header: int

    @property
    def length(self) -> int:
        return self.member.length - self.header

    def pieces(self, begin: int, end: int) -> Iterator[np.ndarray]:
        return self.member.pieces(self.header + begin, self.header + end)


def _leaf(file: BinaryIO, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> StoredTensor:
    name = member.filename.removesuffix(_SUFFIX)
    try:
        with archive.open(member) as stream:
            version = np.lib.format.read_magic(stream)
            if version not in _HEADER_READERS:
                raise FormatError(f"is of version {version} of the .npy format, which is not read")
            shape, fortran, dtype = _HEADER_READERS[version](stream)
            if dtype.name not in DTYPES:
                raise FormatError(f"is {dtype.name}, which is not read: save it as one of {', '.join(DTYPES)}")
            compressed = member.compress_type != zipfile.ZIP_STORED
            whole = _Member(archive, member) if compressed else StoredMember(file, archive, member)
            return stored_array(_Behind(whole, stream.tell()), Element(dtype), shape, fortran=fortran)
    except FormatError as error:
        raise FormatError(f"tensor {name!r}: {error}") from error
    except (*DAMAGE, *_BAD_HEADER) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise FormatError(f"tensor {name!r}: damaged .npy ({reason})") from error
