"""PyTorch's zip format (torch.save since 1.6), read and written without torch.

An archive holds `<root>/data.pkl`, a pickle of the object with references to storages, and one file of raw bytes per
storage, `<root>/data/<key>`, none of them compressed.
"""

import pickle
import struct
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np

from jtmigrate.checkpoint.contents import Contents
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.restricted_pickle import load_restricted
from jtmigrate.checkpoint.state_dict import contents_of
from jtmigrate.checkpoint.torch_tensors import STORAGE_DTYPES, TORCH_GLOBALS, Storage, StorageType

CONTAINER = "PyTorch zip"
KEEPS_TIES = True

_MAGIC = b"PK\x03\x04"

# What zipfile raises on a damaged archive.
_DAMAGE = (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError, struct.error)

_STORAGE_NAMES = {dtype: name for name, dtype in STORAGE_DTYPES.items()}


def matches(head: bytes) -> bool:
    """Whether a file that begins with `head` is of this format."""
    return head.startswith(_MAGIC)


def read(file: BinaryIO) -> Contents:
    """Raises FormatError if the archive is damaged or holds no tensors by name."""
    try:
        archive = zipfile.ZipFile(file)
    except _DAMAGE as error:
        raise FormatError(f"damaged or truncated zip archive ({error})") from error
    root = _root(archive)
    if f"{root}byteorder" in archive.NameToInfo and _read_member(archive, f"{root}byteorder") != b"little":
        raise FormatError("written on a big-endian machine, which is not read yet")

    # Views of one storage usually follow each other: the last one is kept, so that each is read once.
    @lru_cache(maxsize=1)
    def read_storage(key: str) -> bytes:
        return _read_member(archive, f"{root}data/{key}")

    def persistent_load(reference: Any) -> Storage:
        match reference:
            case ("storage", StorageType() as storage_type, str(key), *_):
                return Storage(storage_type, key, read_storage)
        raise FormatError(f"unknown reference in data.pkl: {reference!r}")

    data = BytesIO(_read_member(archive, f"{root}data.pkl"))
    return contents_of(load_restricted(data, TORCH_GLOBALS, persistent_load), CONTAINER)


def write(file: BinaryIO, tensors: Mapping[str, np.ndarray]) -> None:
    """Write {"state_dict": tensors}; `torch.load(weights_only=True)` reads it, tied names as one storage."""
    keys: dict[int, int] = {}
    for array in tensors.values():
        keys.setdefault(id(array), len(keys))
    storages = {keys[id(array)]: array for array in tensors.values()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        # ZipInfo's fixed default date makes equal tensors give equal files.
        archive.writestr(zipfile.ZipInfo("archive/data.pkl"), _pickle_state_dict(tensors, keys))
        archive.writestr(zipfile.ZipInfo("archive/byteorder"), "little")
        for key, array in storages.items():
            archive.writestr(zipfile.ZipInfo(f"archive/data/{key}"), _little_endian(array))
        archive.writestr(zipfile.ZipInfo("archive/version"), "3\n")


def _root(archive: zipfile.ZipFile) -> str:
    """Folder of the archive, "name/"; PyTorch calls it after the file, so it is not known beforehand."""
    for name in archive.namelist():
        folder, _, base = name.rpartition("/")
        if base == "data.pkl" and "/" not in folder:
            return f"{folder}/" if folder else ""
    raise FormatError("a zip archive without data.pkl: not written by torch.save")


def _read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    if name not in archive.NameToInfo:
        raise FormatError(f"{name} is missing from the archive")
    # torch.save never compresses: an archive that does can unfold to any size.
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise FormatError(f"{name} is compressed: not written by torch.save")
    try:
        return archive.read(name)
    except _DAMAGE as error:
        raise FormatError(f"cannot read {name} of the archive ({error})") from error


def _pickle_state_dict(tensors: Mapping[str, np.ndarray], keys: Mapping[int, int]) -> bytes:
    """The pickle of {"state_dict": {name: tensor}}, written opcode by opcode; `keys` is id of array -> storage.

    Python's own pickler looks up each global that it writes, which would need torch.
    """
    entries = b"".join(_atom(name) + _tensor(keys[id(array)], array) for name, array in tensors.items())
    state_dict = pickle.EMPTY_DICT + pickle.MARK + entries + pickle.SETITEMS
    return pickle.PROTO + b"\x02" + pickle.EMPTY_DICT + _atom("state_dict") + state_dict + pickle.SETITEM + pickle.STOP


def _tensor(key: int, array: np.ndarray) -> bytes:
    """`_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, backward_hooks)` as opcodes."""
    storage = (
        _tuple(
            _atom("storage"),
            _global("torch", _STORAGE_NAMES[array.dtype.name]),
            _atom(str(key)),
            _atom("cpu"),
            _atom(array.size),
        )
        + pickle.BINPERSID
    )
    no_hooks = _global("collections", "OrderedDict") + pickle.EMPTY_TUPLE + pickle.REDUCE
    view = (_atom(0), _atom(array.shape), _atom(_contiguous_strides(array.shape)))
    arguments = _tuple(storage, *view, pickle.NEWFALSE, no_hooks)
    return _global("torch._utils", "_rebuild_tensor_v2") + arguments + pickle.REDUCE


def _contiguous_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides in elements, as PyTorch counts them: an axis of size 0 counts as 1."""
    return tuple(int(np.prod([max(size, 1) for size in shape[axis + 1 :]])) for axis in range(len(shape)))


def _little_endian(array: np.ndarray) -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def _atom(value: str | int | tuple[int, ...]) -> bytes:
    """Opcodes that push a plain value: its pickle without the protocol header and the final stop."""
    return pickle.dumps(value, 2)[2:-1]


def _global(module: str, name: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{name}\n".encode()


def _tuple(*items: bytes) -> bytes:
    return pickle.MARK + b"".join(items) + pickle.TUPLE
