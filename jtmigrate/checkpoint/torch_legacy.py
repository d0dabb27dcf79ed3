"""PyTorch's format before 1.6, read only.

Pickles one after the other (magic number, version, machine, the object, keys of its storages), then for each key the
number of elements as int64 and the raw bytes of the storage.
"""

import pickle
import struct
import sys
from io import BytesIO
from typing import Any, BinaryIO

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


def read(file: BinaryIO) -> Contents:
    """Raises FormatError if the file is damaged or holds no tensors by name."""
    # In memory, a length that damage has made absurd cannot ask for more than the file holds.
    file = BytesIO(file.read())
    types: dict[str, StorageType] = {}
    storages: dict[str, bytes] = {}

    def persistent_load(reference: Any) -> Any:
        match reference:
            case ("storage", StorageType() as storage_type, str(key), _, int(), None):
                types[key] = storage_type
                return Storage(storage_type, key, storages.__getitem__)
            case ("module", container, *_):
                return container
        raise FormatError(f"unknown reference in the pickle: {reference!r}")

    for _header in ("magic number", "version", "machine"):
        load_restricted(file, {})
    unpickled = load_restricted(file, TORCH_GLOBALS, persistent_load)
    keys = load_restricted(file, {}).value
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys) or set(keys) != set(types):
        raise FormatError("its list of storages does not match its tensors")
    for key in keys:
        storages[key] = _read_storage(file, types[key].dtype.itemsize)
    return contents_of(unpickled, CONTAINER)


def _read_storage(file: BinaryIO, itemsize: int) -> bytes:
    header = file.read(8)
    numel = struct.unpack("<q", header)[0] if len(header) == 8 else -1
    data = file.read(numel * itemsize) if 0 <= numel <= sys.maxsize // itemsize else b""
    if len(data) != numel * itemsize:
        raise FormatError("truncated: the file ends within a storage")
    return data
