"""PyTorch's format before 1.6, read only.

Pickles one after the other (magic number, version, machine, the object, keys of its storages), then for each key the
number of elements as int64 and the raw bytes of the storage.
"""

import os
import pickle
import struct
from collections.abc import Collection
from typing import Any, BinaryIO

from jtmigrate.checkpoint.byte_ranges import FileRange
from jtmigrate.checkpoint.contents import Contents
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.restricted_pickle import load_restricted
from jtmigrate.checkpoint.state_dict import contents_of
from jtmigrate.checkpoint.torch_tensors import TORCH_GLOBALS, Storage, StorageType

CONTAINER = "PyTorch legacy"

_MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, 2)


def matches(head: bytes) -> bool:
    """Whether a file that begins with `head` is of this format."""
    return head.startswith(_MAGIC)


def read(file: BinaryIO, *, trust: Collection[str] = ()) -> Contents:
    """Raises FormatError if the file is damaged or holds no tensors by name."""
    types: dict[str, StorageType] = {}
    storages: dict[str, FileRange] = {}

    def persistent_load(reference: Any) -> Any:
        match reference:
            case ("storage", StorageType() as storage_type, str(key), _, int(), None):
                types[key] = storage_type
                return Storage(storage_type, key, storages.__getitem__)
            case ("module", container, *_):
                return container
        raise FormatError("unknown reference in the pickle")

    for _header in ("magic number", "version", "machine"):
        load_restricted(file, {})
    unpickled = load_restricted(file, TORCH_GLOBALS, persistent_load, trust=trust)
    keys = load_restricted(file, {}).value
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys) or sorted(keys) != sorted(types):
        raise FormatError("its list of storages does not match its tensors")
    for key in keys:
        storages[key] = _storage(file, types[key].element.bits.itemsize)
    return contents_of(unpickled, CONTAINER)


def _storage(file: BinaryIO, itemsize: int) -> FileRange:
    """The storage that begins here; the file stands behind it afterwards."""
    header = file.read(8)
    length = struct.unpack("<q", header)[0] * itemsize if len(header) == 8 else -1
    begin = file.tell()
    if not 0 <= length <= file.seek(0, os.SEEK_END) - begin:
        raise FormatError("truncated: the file ends within a storage")
    file.seek(begin + length)
    return FileRange(file, begin, length)
