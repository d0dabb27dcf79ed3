"""The safetensors format, read and written here.

The length of the header as uint64, the header as JSON ({name: {"dtype", "shape", "data_offsets"}}, and notes under
"__metadata__"), then the bytes of the tensors, which cover the rest of the file without gap or overlap. The common
library is not used: it forgets the order of the names, and holds a whole file in memory to write it.
"""

import json
import os
import struct
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

import numpy as np

from jtmigrate.checkpoint.byte_ranges import FileRange
from jtmigrate.checkpoint.contents import Contents
from jtmigrate.checkpoint.elements import element_of
from jtmigrate.checkpoint.errors import FormatError, UnwritableError
from jtmigrate.checkpoint.model import DTYPES
from jtmigrate.checkpoint.names import is_utf8
from jtmigrate.checkpoint.numpy_arrays import stored_array
from jtmigrate.checkpoint.tensors import StoredTensor, TensorLeaf, named_pieces

CONTAINER = "safetensors"
KEEPS_TIES = False

HEADER_LIMIT = 8 << 20
"""Bytes: room for 70,000 tensors, and little enough that a hostile header cannot fill the memory once parsed."""

_DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "U16": "uint16",
    "U32": "uint32",
    "U64": "uint64",
    "I8": "int8",
    "I16": "int16",
    "I32": "int32",
    "I64": "int64",
    "F16": "float16",
    "F32": "float32",
    "F64": "float64",
    "C64": "complex64",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2": "float8_e5m2",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F8_E8M0": "float8_e8m0fnu",
}
_CODES = {dtype: code for code, dtype in _DTYPES.items()}
HOLDS = tuple(dtype for dtype in DTYPES if dtype in _CODES)

# Brackets that may be open at the same time, those within names included. Python's own limit on nested JSON is none
# where a program has raised it, as Jittor does: the stack would overflow.
_DEPTH_LIMIT = 500
# Six a tensor. Each pair becomes an object of many times its size.
_BRACKET_LIMIT = 1_000_000
_STEPS = np.zeros(256, np.int8)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1

_METADATA = "__metadata__"


def matches(head: bytes) -> bool:
    """Whether a file that begins with `head` is of this format, a wrong length of its header forgiven."""
    # A length may begin like a pickle (0x80, protocol), but then its upper bytes, unlike a pickle's, are zero.
    return head[8:9] == b"{" and (head[:1] != b"\x80" or head[3:8] == bytes(5))


def read(file: BinaryIO) -> Contents:
    """Raises FormatError if the header is damaged or the tensors do not cover the file exactly."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size < 8:
        raise FormatError("truncated: the file ends within the length of its header")
    length = struct.unpack("<Q", file.read(8))[0]
    if length > size - 8:
        raise FormatError(f"damaged or truncated: a header of {length} bytes in a file of {size}")
    if length > HEADER_LIMIT:
        raise FormatError(f"its header has {length} bytes, more than the {HEADER_LIMIT} that are read")
    header = parse_object(file.read(length), "its header")
    metadata = header.pop(_METADATA, {})
    if not isinstance(metadata, dict):
        raise FormatError(f"{_METADATA} is not an object")
    leaves = {name: _leaf(file, 8 + length, name, entry) for name, entry in header.items()}
    _check_ranges(leaves, 8 + length, size)
    if not leaves:
        raise FormatError("holds no tensors")
    return Contents(leaves, CONTAINER, left_behind=tuple(f"{_METADATA}.{key}" for key in metadata))


def check_name(name: str) -> None:
    """Raises UnwritableError for a name that the format reserves or cannot hold."""
    if name == _METADATA:
        raise UnwritableError(f"{CONTAINER} keeps the name {_METADATA} for itself: rename the tensor")
    if not is_utf8(name):
        raise UnwritableError(f"{CONTAINER} cannot hold the name {name[:40]!r}: rename the tensor")


def write(file: BinaryIO, tensors: Mapping[str, TensorLeaf]) -> None:
    """Write the tensors under their names, in this order; tied ones become copies, as the format has no ties.

    Raises UnwritableError if the names do not fit into a header.
    """
    # The widest items first, so that each tensor is aligned to its own.
    by_width = sorted(tensors, key=lambda name: -tensors[name].dtype.itemsize)
    begin, offsets = 0, {}
    for name in by_width:
        offsets[name] = [begin, begin := begin + tensors[name].nbytes]
    entries = {
        name: {"dtype": _CODES[tensor.dtype.name], "shape": tensor.shape, "data_offsets": offsets[name]}
        for name, tensor in tensors.items()
    }
    # transformers opens no file without this note; arrays are laid out here as in PyTorch.
    header = json.dumps({_METADATA: {"format": "pt"}, **entries}, ensure_ascii=False, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    if len(header) > HEADER_LIMIT:
        raise UnwritableError(f"the names need a header of {len(header)} bytes, more than {HEADER_LIMIT}")
    file.write(struct.pack("<Q", len(header)) + header)
    for name in by_width:
        for piece in named_pieces(name, tensors[name]):
            file.write(piece)


def parse_object(text: bytes, what: str) -> dict[str, Any]:
    """A JSON object without a name that occurs twice. Raises FormatError, which says `what` is damaged."""
    steps = _STEPS[np.frombuffer(text, np.uint8)]
    depth = int(np.cumsum(steps, dtype=np.int32).max(initial=0))
    if depth > _DEPTH_LIMIT or np.count_nonzero(steps) > _BRACKET_LIMIT:
        raise FormatError(f"{what} is damaged: it holds more lists and objects than tensors need")
    try:
        found = json.loads(text.decode(), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{what} is damaged: {error}") from error
    if not isinstance(found, dict):
        raise FormatError(f"{what} is not an object")
    return found


def _without_duplicates(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError: of two entries with one name, readers differ in which they take."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key!r} occurs twice")
        found[key] = value
    return found


def _leaf(file: BinaryIO, data: int, name: str, entry: Any) -> StoredTensor:
    """The leaf that an entry of the header describes; `data` is where the tensors begin."""
    match entry:
        case {"dtype": str(code), "shape": [*shape], "data_offsets": [begin, end]} if len(entry) == 3 and all(
            type(number) is int and number >= 0 for number in (begin, end, *shape)
        ):
            if code not in _DTYPES:
                known = ", ".join(_DTYPES)
                raise FormatError(f"tensor {name!r} is {code!r}, which is not read: save it as one of {known}")
            try:
                return stored_array(FileRange(file, data + begin, end - begin), element_of(_DTYPES[code]), tuple(shape))
            except FormatError as error:
                raise FormatError(f"tensor {name!r}: {error}") from error
    raise FormatError(f"tensor {name!r}: its entry of the header is no dtype, shape and data_offsets")


def _check_ranges(leaves: Mapping[str, StoredTensor], begin: int, end: int) -> None:
    """Raises FormatError unless the tensors follow each other from `begin` to `end` of the file."""
    ranges = [(leaf.storage.position, leaf.storage.length, name) for name, leaf in leaves.items()]
    for position, length, name in sorted(ranges):
        if position != begin:
            fault = "overlaps another" if position < begin else "leaves a gap before it"
            raise FormatError(f"tensor {name!r} {fault}: the file is damaged")
        begin = position + length
    if begin > end:
        raise FormatError(f"truncated: its tensors end at byte {begin}, the file at {end}")
    if begin < end:
        raise FormatError(f"{end - begin} bytes at its end belong to no tensor: the file is damaged")
