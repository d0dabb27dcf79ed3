"""The wire format of Protocol Buffers, as far as it takes to walk through a message without reading it whole."""

import os
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from jtmigrate.checkpoint.byte_ranges import FileRange
from jtmigrate.checkpoint.errors import FormatError

FIELD_LIMIT = 300_000
"""Fields that are looked at in one file: room for 30,000 tensors, but not for minutes of walking."""

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


class Field(NamedTuple):
    """A field of a message. `value` is a number, or where the bytes lie of a text, packed numbers or a message."""

    number: int
    value: int | FileRange


class Walker:
    """Fields of messages of one `file`."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self._fields = 0

    def whole(self) -> FileRange:
        """The outermost message."""
        return FileRange(self.file, 0, self.file.seek(0, os.SEEK_END))

    def fields(self, message: FileRange) -> Iterator[Field]:
        """Raises FormatError if the message is damaged, or the file has more fields than the limit."""
        position, end = message.position, message.position + message.length
        while position < end:
            self._fields += 1
            if self._fields > FIELD_LIMIT:
                raise FormatError(f"holds more than {FIELD_LIMIT} entries")
            self.file.seek(position)
            key = self._varint(end)
            value = self._value(key & 7, end)
            position = value.position + value.length if isinstance(value, FileRange) else self.file.tell()
            if position > end:
                raise FormatError("damaged or truncated: a field ends outside of its message")
            yield Field(key >> 3, value)

    def _value(self, kind: int, end: int) -> int | FileRange:
        if kind == _VARINT:
            return self._varint(end)
        if kind not in (_FIXED64, _LENGTH, _FIXED32):
            raise FormatError("damaged: a field of an unknown kind")
        length = self._varint(end) if kind == _LENGTH else {_FIXED64: 8, _FIXED32: 4}[kind]
        return FileRange(self.file, self.file.tell(), length)

    def _varint(self, end: int) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self.file.read(1)
            if not byte or self.file.tell() > end:
                break
            value |= (byte[0] & 0x7F) << shift
            if byte[0] < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF
        raise FormatError("damaged or truncated: a number without an end")
