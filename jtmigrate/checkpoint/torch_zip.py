"""PyTorch's zip format (torch.save since 1.6), read and written without torch.

An archive holds `<root>/data.pkl`, a pickle of the object with references to storages, and one file of raw bytes per
storage, `<root>/data/<key>`, none of them compressed.
"""

import pickle
import zipfile
from collections.abc import Collection, Mapping
from functools import cache
from io import BytesIO
from typing import Any, BinaryIO

from jtmigrate.checkpoint.contents import Contents
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.model import DTYPES
from jtmigrate.checkpoint.pickle_opcodes import atom, call, global_, tuple_
from jtmigrate.checkpoint.restricted_pickle import load_restricted
from jtmigrate.checkpoint.state_dict import contents_of
from jtmigrate.checkpoint.tensors import TensorLeaf, contiguous_strides, named_pieces
from jtmigrate.checkpoint.torch_tensors import STORAGES, TORCH_GLOBALS, Storage, StorageType
from jtmigrate.checkpoint.zip_archive import MAGIC, StoredMember, open_archive

CONTAINER = "PyTorch zip"
KEEPS_TIES = True
HOLDS = DTYPES

PICKLE_LIMIT = 128 << 20
"""Bytes of data.pkl, which holds names and settings, not weights."""


def matches(head: bytes) -> bool:
    """Whether a file that begins with `head` is of this format."""
    return head.startswith(MAGIC)


def read(file: BinaryIO, *, trust: Collection[str] = ()) -> Contents:
    """Raises FormatError if the archive is damaged or holds no tensors by name."""
    archive = open_archive(file)
    root = _root(archive)

    @cache
    def member(name: str) -> StoredMember:
        path = f"{root}{name}"
        if path not in archive.NameToInfo:
            raise FormatError(f"{path} is missing from the archive")
        return StoredMember(file, archive, archive.getinfo(path))

    def persistent_load(reference: Any) -> Storage:
        match reference:
            case ("storage", StorageType() as storage_type, str(key), *_):
                return Storage(storage_type, key, lambda key: member(f"data/{key}"))
        raise FormatError("unknown reference in data.pkl")

    if f"{root}byteorder" in archive.NameToInfo and bytes(_whole(member("byteorder"))) != b"little":
        raise FormatError("written on a big-endian machine, which is not read yet")
    data = BytesIO(_whole(member("data.pkl")))
    return contents_of(load_restricted(data, TORCH_GLOBALS, persistent_load, trust=trust), CONTAINER)


def check_name(name: str) -> None:
    """Any text is a key of a dict."""


def write(file: BinaryIO, tensors: Mapping[str, TensorLeaf]) -> None:
    """Write {"state_dict": tensors}; `torch.load(weights_only=True)` reads it, tied names as one storage."""
    names: dict[TensorLeaf, str] = {}
    for name, tensor in tensors.items():
        names.setdefault(tensor, name)
    keys = {tensor: key for key, tensor in enumerate(names)}
    write_archive(file, _pickle_state_dict(tensors, keys), names)


def write_archive(file: BinaryIO, data: bytes, names: Mapping[TensorLeaf, str]) -> None:
    """Write a pickle and the tensors that it refers to by number; each has a name for messages."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        # ZipInfo's fixed default date makes equal tensors give equal files.
        archive.writestr(zipfile.ZipInfo("archive/data.pkl"), data)
        archive.writestr(zipfile.ZipInfo("archive/byteorder"), "little")
        for key, (tensor, name) in enumerate(names.items()):
            member = zipfile.ZipInfo(f"archive/data/{key}")
            member.file_size = tensor.nbytes
            with archive.open(member, "w") as stream:
                for piece in named_pieces(name, tensor):
                    stream.write(piece)
        archive.writestr(zipfile.ZipInfo("archive/version"), "3\n")


def _root(archive: zipfile.ZipFile) -> str:
    """Folder of the archive, "name/"; PyTorch calls it after the file, so it is not known beforehand."""
    for name in archive.namelist():
        folder, _, base = name.rpartition("/")
        if base == "data.pkl" and "/" not in folder:
            return f"{folder}/" if folder else ""
    raise FormatError("a zip archive without data.pkl: not written by torch.save")


def _whole(member: StoredMember) -> bytes:
    if member.length > PICKLE_LIMIT:
        raise FormatError(f"its data.pkl has {member.length} bytes, more than the {PICKLE_LIMIT} that are read")
    return member.read(0, member.length).tobytes()


def _pickle_state_dict(tensors: Mapping[str, TensorLeaf], keys: Mapping[TensorLeaf, int]) -> bytes:
    """The pickle of {"state_dict": {name: tensor}}; `keys` is tensor -> storage."""
    entries = b"".join(atom(name) + tensor_opcodes(keys[tensor], tensor) for name, tensor in tensors.items())
    state_dict = pickle.EMPTY_DICT + pickle.MARK + entries + pickle.SETITEMS
    return pickle.PROTO + b"\x02" + pickle.EMPTY_DICT + atom("state_dict") + state_dict + pickle.SETITEM + pickle.STOP


def tensor_opcodes(key: int, tensor: TensorLeaf) -> bytes:
    """`_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, backward_hooks)`.

    A dtype that has no storage class is the seventh argument of `_rebuild_tensor_v3`, beside an untyped storage.
    """
    dtype = tensor.dtype.name
    typed = dtype in STORAGES
    kind = global_("torch", STORAGES[dtype]) if typed else global_("torch.storage", "UntypedStorage")
    length = tensor.size if typed else tensor.nbytes
    storage = tuple_(atom("storage"), kind, atom(str(key)), atom("cpu"), atom(length)) + pickle.BINPERSID
    view = (atom(0), atom(tensor.shape), atom(contiguous_strides(tensor.shape)))
    no_hooks = call(global_("collections", "OrderedDict"))
    arguments = (storage, *view, pickle.NEWFALSE, no_hooks)
    if typed:
        return call(global_("torch._utils", "_rebuild_tensor_v2"), *arguments)
    return call(global_("torch._utils", "_rebuild_tensor_v3"), *arguments, global_("torch", dtype))
