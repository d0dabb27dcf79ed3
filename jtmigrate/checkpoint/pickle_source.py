"""The bytes of a pickle, read with limits: a few of them can ask for any memory and any time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from jtmigrate.checkpoint.byte_ranges import FileRange
from jtmigrate.checkpoint.errors import FormatError

READ_LIMIT = 2_000_000
"""Reads from one pickle, of which an object takes one to three: room for 25,000 tensors, but not for filling the memory
with the lists and dicts of one byte each."""

TEXT_LIMIT = 32 << 20
"""Bytes of all texts and numbers in one pickle."""

LINE_LIMIT = 64 << 10
"""Bytes of one line: the old opcodes end with the line, not after a length."""


class PickleSource:
    """What `pickle._Unpickler` reads from; the place in the file is where it stands."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._reads = 0
        self._text = 0

    def read(self, size: int) -> bytes:
        """Raises FormatError beyond a limit."""
        self._count(size)
        return self._file.read(size)

    def readline(self) -> bytes:
        """Raises FormatError beyond a limit."""
        line = self._file.readline(LINE_LIMIT)
        self._count(len(line))
        if not line.endswith(b"\n"):
            raise FormatError("damaged or truncated pickle (a line without an end)")
        return line

    def take(self, length: int) -> FileRange:
        """The next bytes, skipped instead of read. Raises FormatError if the file is shorter."""
        self._count(0)
        begin = self._file.tell()
        if self._file.seek(0, os.SEEK_END) < begin + length:
            raise FormatError("damaged or truncated pickle (the file ends within an array)")
        self._file.seek(begin + length)
        return FileRange(self._file, begin, length)

    @contextmanager
    def kept_place(self) -> Iterator[None]:
        """Other parts of the file may be read in this block."""
        place = self._file.tell()
        yield
        self._file.seek(place)

    def _count(self, text: int) -> None:
        self._reads += 1
        self._text += text
        if self._reads > READ_LIMIT or self._text > TEXT_LIMIT:
            raise FormatError("its pickle holds more objects or text than any checkpoint needs")
