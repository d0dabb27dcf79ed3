"""TensorBoard's event files, as far as plain numbers go.

Written and read here because the packages that do it, TensorBoard's own and tensorboardX, import PyTorch where it is
installed; where Jittor computes, it must not be. The format: records of a length, its checksum, a message and its
checksum; the message is an `Event` (tensorflow/core/util/event.proto) in the wire format of Protocol Buffers.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

VERSION = b"brain.Event:2"
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_LENGTHS = {_FIXED64: 8, _FIXED32: 4}
_POLYNOMIAL, _MASK = 0x82F63B78, 0xA282EAD8


class Event(NamedTuple):
    """Numbers by tag at a step; `restarts` instead if what was said before of this step and later ones is void."""

    step: int
    values: Mapping[str, float]
    restarts: bool = False


class Events(NamedTuple):
    """What a file holds, and how many of its records are damaged."""

    events: tuple[Event, ...]
    damaged: int


def version_record(wall_time: float) -> bytes:
    """What a file begins with."""
    return _record(_wall_time(wall_time) + _bytes_field(3, VERSION))


def restart_record(step: int, wall_time: float) -> bytes:
    """From here on, whatever was said of this step and of later ones is void."""
    return _record(_wall_time(wall_time) + _step(step) + _bytes_field(7, _varint_field(1, 1)))


def scalars_record(step: int, values: Mapping[str, float], wall_time: float) -> bytes:
    """Numbers by tag, which are kept as float32."""
    summary = b"".join(
        _bytes_field(1, _bytes_field(1, tag.encode()) + _key(2, _FIXED32) + struct.pack("<f", value))
        for tag, value in values.items()
    )
    return _record(_wall_time(wall_time) + _step(step) + _bytes_field(5, summary))


def read_events(content: bytes) -> Events:
    """Everything that is whole. After a record whose length is damaged nothing can be found any more."""
    events, damaged, position = [], 0, 0
    while position < len(content):
        header = content[position : position + 12]
        if len(header) < 12 or _checksum(header[:8]) != struct.unpack("<I", header[8:])[0]:
            return Events(tuple(events), damaged + 1)
        length = struct.unpack("<Q", header[:8])[0]
        message = content[position + 12 : position + 12 + length]
        checksum = content[position + 12 + length : position + 16 + length]
        position += 16 + length
        if len(checksum) < 4 or _checksum(message) != struct.unpack("<I", checksum)[0]:
            damaged += 1
            continue
        try:
            events.append(_event(message))
        except (ValueError, struct.error):
            damaged += 1
    return Events(tuple(events), damaged)


def _event(message: bytes) -> Event:
    step, values, restarts = 0, {}, False
    for number, value in _fields(message):
        if number == 2 and isinstance(value, int):
            step = value - (1 << 64) if value >> 63 else value
        elif number == 5 and isinstance(value, bytes):
            values |= dict(_scalars(value))
        elif number == 7 and isinstance(value, bytes):
            restarts = (1, 1) in _fields(value)
    return Event(step, values, restarts)


def _scalars(summary: bytes) -> Iterator[tuple[str, float]]:
    for number, value in _fields(summary):
        parts = dict(_fields(value)) if number == 1 and isinstance(value, bytes) else {}
        if isinstance(parts.get(1), bytes) and isinstance(parts.get(2), bytes):
            yield parts[1].decode(), struct.unpack("<f", parts[2])[0]


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field. Raises ValueError for what is no message."""
    position = 0
    while position < len(message):
        key, position = _read_varint(message, position)
        kind = key & 7
        if kind == _VARINT:
            value, position = _read_varint(message, position)
            yield key >> 3, value
            continue
        if kind == _LENGTH:
            length, position = _read_varint(message, position)
        elif kind in _LENGTHS:
            length = _LENGTHS[kind]
        else:
            raise ValueError(f"a field of kind {kind}")
        if position + length > len(message):
            raise ValueError("a field ends outside of its message")
        yield key >> 3, message[position : position + length]
        position += length


def _read_varint(message: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift, byte in enumerate(message[position : position + 10]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, position + shift + 1
    raise ValueError("a number without an end")


def _record(message: bytes) -> bytes:
    length = struct.pack("<Q", len(message))
    return length + struct.pack("<I", _checksum(length)) + message + struct.pack("<I", _checksum(message))


def _wall_time(seconds: float) -> bytes:
    return _key(1, _FIXED64) + struct.pack("<d", seconds)


def _step(step: int) -> bytes:
    return _varint_field(2, step)


def _key(number: int, kind: int) -> bytes:
    return bytes([number << 3 | kind])


def _varint_field(number: int, value: int) -> bytes:
    return _key(number, _VARINT) + _varint(value)


def _bytes_field(number: int, content: bytes) -> bytes:
    return _key(number, _LENGTH) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def _table_entry(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(map(_table_entry, range(256)))


def _checksum(content: bytes) -> int:
    """CRC-32C, rotated and shifted as TensorFlow's record files have it."""
    crc = 0xFFFF_FFFF
    for byte in content:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFF_FFFF
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFF_FFFF
