"""The initialisers of an `.onnx` model, read only. An ONNX file is one message of Protocol Buffers.

The onnx package is not used: it holds a whole model in memory, and follows external data wherever they lead.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from jtmigrate.checkpoint.byte_ranges import ByteRange, FileRange
from jtmigrate.checkpoint.contents import Contents
from jtmigrate.checkpoint.elements import Element, element_of
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.numpy_arrays import check_shape, stored_array
from jtmigrate.checkpoint.protobuf import Walker
from jtmigrate.checkpoint.tensors import TensorLeaf

CONTAINER = "ONNX"

TEXT_LIMIT = 64 << 10
"""Bytes of a name or a path."""

# Numbers of the fields, from onnx.proto.
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_DIMS, _DATA_TYPE, _NAME, _RAW_DATA, _EXTERNAL, _LOCATION = 1, 2, 8, 9, 13, 14
_KEY, _VALUE = 1, 2

# Numbers written one by one, in the field of which type they are.
_FLOAT_DATA, _INT32_DATA, _INT64_DATA, _DOUBLE_DATA, _UINT64_DATA = 4, 5, 7, 10, 11

_DTYPES = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
    14: "complex64",
    15: "complex128",
    16: "bfloat16",
    17: "float8_e4m3fn",
    18: "float8_e4m3fnuz",
    19: "float8_e5m2",
    20: "float8_e5m2fnuz",
    24: "float8_e8m0fnu",
}

# In which field the numbers of a dtype are written one by one; those of the other dtypes are in _INT32_DATA.
_NUMBER_FIELDS = {
    "float32": _FLOAT_DATA,
    "complex64": _FLOAT_DATA,
    "float64": _DOUBLE_DATA,
    "complex128": _DOUBLE_DATA,
    "int64": _INT64_DATA,
    "uint32": _UINT64_DATA,
    "uint64": _UINT64_DATA,
}

_VARINT_BYTES = 10
VARINT_LIMIT = 16 << 20
"""Bytes of one tensor whose numbers are written one by one, which takes many times its size to decode."""


def matches(head: bytes) -> bool:
    """Whether a file that begins with `head` is a ModelProto: its version, then one of its other fields."""
    return len(head) > 2 and head[0] == 0x08 and 0 < head[1] < 0x80 and head[2] in _FIRST_KEYS


def read(file: BinaryIO, open_beside: Callable[[str], BinaryIO]) -> Contents:
    """The initialisers of the main graph.

    open_beside  opens a file that lies in the model's folder or below; raises FormatError for any other

    Raises FormatError if the file is damaged, or an initialiser is of a kind that is not read.
    """
    walker = Walker(file)
    graphs = [field.value for field in walker.fields(walker.whole()) if field.number == _MODEL_GRAPH]
    if len(graphs) != 1:
        raise FormatError("holds no graph" if not graphs else "holds several graphs: the file is damaged")
    leaves: dict[str, TensorLeaf] = {}
    parts: dict[str, None] = {}
    nodes = False
    for field in walker.fields(_message(graphs[0])):
        nodes = nodes or field.number == _GRAPH_NODE
        if field.number == _GRAPH_SPARSE:
            raise FormatError("holds a sparse initialiser, which is not read")
        if field.number == _GRAPH_INITIALIZER:
            entry = _Entry.read(walker, _message(field.value))
            if entry.name in leaves:
                raise FormatError(f"holds the name {entry.name!r} twice")
            if entry.is_external:
                parts[entry.external.get("location", "")] = None
            try:
                leaves[entry.name] = _leaf(entry, walker, open_beside)
            except FormatError as error:
                raise FormatError(f"tensor {entry.name!r}: {error}") from error
    if not leaves:
        raise FormatError("holds no initialisers")
    return Contents(leaves, CONTAINER, left_behind=("graph.node",) if nodes else (), files=tuple(map(Path, parts)))


_FIRST_KEYS = tuple(number << 3 | kind for number, kind in ((2, 2), (3, 2), (4, 2), (5, 0), (6, 2), (7, 2), (8, 2)))


@dataclass(frozen=True)
class _Entry:
    """A TensorProto. `single` holds the last value of each field that occurs once, as Protocol Buffers have it."""

    name: str
    shape: tuple[int, ...]
    single: Mapping[int, int | FileRange]
    external: Mapping[str, str]

    @property
    def is_external(self) -> bool:
        return self.single.get(_LOCATION) == 1

    @classmethod
    def read(cls, walker: Walker, message: FileRange) -> "_Entry":
        shape: list[int] = []
        single: dict[int, int | FileRange] = {}
        external: dict[str, str] = {}
        for number, value in walker.fields(message):
            if number == _DIMS:
                shape += [value] if isinstance(value, int) else _varints(value).tolist()
            elif number == _EXTERNAL:
                entry = {key: _text(text) for key, text in walker.fields(_message(value))}
                external[entry.get(_KEY, "")] = entry.get(_VALUE, "")
            else:
                single[number] = value
        return cls(_text(single.get(_NAME)), tuple(shape), single, external)


@dataclass(frozen=True, eq=False)
class _VarintTensor(TensorLeaf):
    """A tensor whose numbers are written one by one, each in as many bytes as it takes."""

    data: FileRange
    element: Element
    shape: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype:
        return self.element.dtype

    @property
    def stored(self) -> str:
        return self.element.narrow

    def pieces(self) -> Iterator[np.ndarray]:
        numbers = _varints(self.data)
        if numbers.size != self.size:
            raise FormatError(f"holds {numbers.size} numbers, but its shape is {self.shape}")
        # float16 and narrower floats are written as their bits.
        bits = np.dtype("<u2") if self.element.bits == np.float16 else self.element.bits
        yield self.element.decode(numbers.astype(bits).view(np.uint8))


def _leaf(entry: _Entry, walker: Walker, open_beside: Callable[[str], BinaryIO]) -> TensorLeaf:
    code = entry.single.get(_DATA_TYPE)
    if code not in _DTYPES:
        raise FormatError(f"is of ONNX's data type {code}, which is not read")
    dtype = _DTYPES[code]
    element = element_of(dtype)
    check_shape(entry.shape)
    if entry.is_external:
        return stored_array(_external(entry.external, open_beside), element, entry.shape)
    if _RAW_DATA in entry.single:
        return stored_array(_message(entry.single[_RAW_DATA]), element, entry.shape)
    data = entry.single.get(_NUMBER_FIELDS.get(dtype, _INT32_DATA), FileRange(walker.file, 0, 0))
    if dtype in ("float32", "complex64", "float64", "complex128"):
        return stored_array(_message(data), element, entry.shape)
    return _VarintTensor(_message(data), element, entry.shape)


def _external(entries: Mapping[str, str], open_beside: Callable[[str], BinaryIO]) -> ByteRange:
    file = open_beside(entries.get("location", ""))
    size = file.seek(0, 2)
    texts = (entries.get("offset", "0"), entries.get("length", ""))
    if not all(text.isascii() and (text.isdigit() or not text) and len(text) < 20 for text in texts):
        raise FormatError("the place of its external data is none")
    offset = int(texts[0] or 0)
    length = int(texts[1]) if texts[1] else size - offset
    if not 0 <= offset <= offset + length <= size:
        raise FormatError(f"its external data lie beyond the {size} bytes of {entries['location'][:80]!r}")
    return FileRange(file, offset, length)


def _varints(data: FileRange) -> np.ndarray:
    """Packed numbers as int64."""
    if data.length > VARINT_LIMIT:
        raise FormatError(f"has {data.length} bytes of numbers written one by one: save it as raw data")
    found = data.read(0, data.length)
    ends = np.flatnonzero(found < 0x80)
    if not found.size:
        return np.empty(0, np.int64)
    if not ends.size or ends[-1] != found.size - 1:
        raise FormatError("damaged: a number without an end")
    begins = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - begins + 1
    if lengths.max() > _VARINT_BYTES:
        raise FormatError("damaged: a number of too many bytes")
    shifts = 7 * (np.arange(found.size) - np.repeat(begins, lengths))
    parts = (found & 0x7F).astype(np.uint64) << shifts.astype(np.uint64)
    return np.add.reduceat(parts, begins).view(np.int64)


def _message(value: int | FileRange) -> FileRange:
    if isinstance(value, int):
        raise FormatError("damaged: a number where bytes should be")
    return value


def _text(value: int | FileRange | None) -> str:
    if value is None:
        return ""
    data = _message(value)
    if data.length > TEXT_LIMIT:
        raise FormatError(f"holds a name of {data.length} bytes")
    try:
        return data.read(0, data.length).tobytes().decode()
    except UnicodeDecodeError as error:
        raise FormatError("holds a name that is no UTF-8") from error
