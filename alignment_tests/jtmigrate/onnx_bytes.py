"""ONNX models as bytes, made without the onnx package."""

from collections.abc import Iterable


def varint(value: int) -> bytes:
    value &= 2**64 - 1
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def field(number: int, value: int | bytes) -> bytes:
    """A field of a message: a number, or bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name: str, dtype: int, shape: Iterable[int], *more: bytes) -> bytes:
    """A TensorProto whose data are in the fields `more`."""
    return b"".join(field(1, size) for size in shape) + field(2, dtype) + field(8, name.encode()) + b"".join(more)


def raw(data: bytes) -> bytes:
    return field(9, data)


def external(**entries: str) -> bytes:
    pairs = (field(13, field(1, key.encode()) + field(2, value.encode())) for key, value in entries.items())
    return b"".join(pairs) + field(14, 1)


def model(*tensors: bytes, nodes: int = 1) -> bytes:
    """A ModelProto with these initialisers."""
    graph = field(1, b"") * nodes + b"".join(field(5, tensor) for tensor in tensors)
    return field(1, 8) + field(2, b"test") + field(7, graph)
