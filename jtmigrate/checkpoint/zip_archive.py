"""Zip archives, read with limits: their directory, and members that are not compressed, which can be read in part."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from jtmigrate.checkpoint.byte_ranges import PIECE, ByteRange, FileRange
from jtmigrate.checkpoint.errors import FormatError

MAGIC = b"PK\x03\x04"

DAMAGE = (
    zipfile.BadZipFile,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    NotImplementedError,
    struct.error,
    zlib.error,
)
"""What `zipfile` raises on a damaged archive."""

DIRECTORY_LIMIT = 8 << 20
"""Bytes of the directory: room for 80,000 members, and little enough that a hostile one cannot fill the memory."""

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 1

# The others can ask for gigabytes of memory before they give the first byte.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def open_archive(file: BinaryIO) -> zipfile.ZipFile:
    """Raises FormatError if the archive is damaged or encrypted, has too large a directory, or a name twice."""
    try:
        archive = zipfile.ZipFile(_Limited(file))
    except DAMAGE as error:
        raise FormatError(f"damaged or truncated zip archive ({error or type(error).__name__})") from error
    members = archive.infolist()
    # Of two members with one name, readers differ in which they take.
    if len({member.filename for member in members}) < len(members):
        raise FormatError("its archive holds a name twice")
    for member in members:
        if member.flag_bits & _ENCRYPTED or member.compress_type not in _METHODS:
            raise FormatError(f"{member.filename} of its archive is encrypted or compressed in an unusual way")
    return archive


class StoredMember(ByteRange):
    """A member that is not compressed. Its checksum is verified before or while it is read for the first time."""

    def __init__(self, file: BinaryIO, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
        """Raises FormatError if the member does not lie within the archive."""
        if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
            raise FormatError(f"{member.filename} of its archive is compressed, which is not read here")
        self.length = member.file_size
        self._name = member.filename
        self._checksum = member.CRC
        self._verified = False
        position = _data_position(file, member)
        if position + self.length > archive.start_dir:
            raise FormatError(f"{member.filename} reaches beyond the data of its archive: the file is damaged")
        self._data = FileRange(file, position, self.length)

    def pieces(self, begin: int, end: int) -> Iterator[np.ndarray]:
        if self._verified:
            yield from self._data.pieces(begin, end)
        elif end == self.length and begin <= PIECE:
            yield from self._verifying(begin)
        else:
            for _ in self._verifying(0):
                pass
            yield from self._data.pieces(begin, end)

    def _verifying(self, begin: int) -> Iterator[np.ndarray]:
        checksum = zlib.crc32(self._data.read(0, begin))
        for piece in self._data.pieces(begin, self.length):
            checksum = zlib.crc32(piece, checksum)
            yield piece
        if checksum != self._checksum:
            raise FormatError(f"the checksum of {self._name} does not match: the file is damaged")
        self._verified = True


def _data_position(file: BinaryIO, member: zipfile.ZipInfo) -> int:
    """Where the member's bytes begin: behind a second header, the lengths in which may differ from the directory's."""
    file.seek(member.header_offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or not header.startswith(MAGIC):
        raise FormatError(f"the header of {member.filename} is missing from its archive: the file is damaged")
    _, name_length, extra_length = _LOCAL_HEADER.unpack(header)
    if file.read(name_length) != member.orig_filename.encode("utf-8" if member.flag_bits & 0x800 else "cp437"):
        raise FormatError(f"{member.filename} has two names in its archive: the file is damaged")
    return member.header_offset + _LOCAL_HEADER.size + name_length + extra_length


class _Limited:
    """A file as `zipfile` sees it: no read is large, whatever the archive says about its directory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > DIRECTORY_LIMIT:
            raise FormatError(f"reads {size} bytes at once, more than {DIRECTORY_LIMIT}: its directory is too large")
        return self._file.read(DIRECTORY_LIMIT if size < 0 else size)
