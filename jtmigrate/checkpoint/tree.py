"""A whole training checkpoint, nested dicts and lists of plain values and arrays, without a framework.

Beside the model's tensors it holds the state of the optimizer and the schedule, the epoch, averaged weights. Nothing in
it is executed; what is neither plain nor an array (the hyper-parameters of a Lightning task, say) is left behind. The
whole tree is held in memory.
"""

import hashlib
import pickle
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from jtmigrate.checkpoint import jittor_pickle, torch_zip
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.pickle_opcodes import atom
from jtmigrate.checkpoint.reading import open_checkpoint
from jtmigrate.checkpoint.tensors import ArrayTensor, PickledLeaf, TensorLeaf
from jtmigrate.checkpoint.torch_tensors import EXPANDED_LIMIT
from jtmigrate.errors import UserError
from jtmigrate.files import replacing

_PLAIN = (bool, int, float, str, type(None))
_LEFT = object()

GROWTH = 4
"""How much larger than its file a tree may be, beside `EXPANDED_LIMIT`: views may repeat what is stored once."""

DEPTH = 200
"""Dicts and lists in each other. Not left to Python's limit of recursion: importing Jittor raises it to a million."""

ENTRIES = 100_000
"""Dicts, lists and tensors in a tree; each place counts where several hold the same object."""


@dataclass(frozen=True)
class Tree:
    """entries      what the file holds under each of its top-level names
    left_behind  dotted names of what is neither plain nor an array
    path         file that it was read from
    """

    entries: Mapping[str, Any]
    left_behind: tuple[str, ...]
    path: str


def read_tree(path: str | PathLike[str], *, trust: Collection[str] = ()) -> Tree:
    """Read a whole .pth, .pt, .ckpt or .pkl; one tensor under two names is one array. `trust` as in `open_checkpoint`.

    Raises UserError as `open_checkpoint` does, and for a format that holds tensors only.
    """
    with open_checkpoint(path, trust=trust) as contents:
        if contents.tree is None:
            raise UserError(f"{path}: {contents.container} holds tensors only, and no training state")
        reader = _Reader(GROWTH * Path(path).stat().st_size + EXPANDED_LIMIT)
        entries = reader.read(contents.tree, "")
    return Tree(entries, tuple(reader.left), str(path))


def write_tree(path: str | PathLike[str], entries: Mapping[str, Any], *, dry_run: bool = False) -> None:
    """Write a .pth, .pt or .ckpt, whose arrays become tensors, or a Jittor .pkl; replaces a file atomically.

    With `dry_run` what can be known beforehand is checked, and nothing written.

    Raises UserError for another suffix, a value that is neither plain nor an array, or a place that cannot be
    written to. What was written is read back and compared bit for bit first.
    """
    path = Path(path)
    writers = {".pkl": _write_pickle, ".pth": _write_archive, ".pt": _write_archive, ".ckpt": _write_archive}
    if path.suffix not in writers:
        raise UserError(f"{path}: a training state is written as {', '.join(writers)}")
    _check(entries, "")
    if dry_run:
        return
    try:
        with replacing(path) as file:
            writers[path.suffix](file, entries)
            file.flush()
            if not same_tree(read_tree(file.name).entries, entries):
                raise OSError(0, "what was read back differs from what was written")
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}; give another path") from error


def same_tree(a: Any, b: Any) -> bool:
    """Whether two trees are equal, arrays bit for bit."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return list(a) == list(b) and all(same_tree(a[key], b[key]) for key in a)
    if type(a) is not type(b):
        return False
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same_tree, a, b))
    return a == b or (a != a and b != b)  # NaN


class _Reader:
    """Turns an unpickled object into plain values and arrays; `left` names what cannot be."""

    def __init__(self, limit: int) -> None:
        self.left: list[str] = []
        self._limit = limit
        self._arrays: dict[TensorLeaf, np.ndarray] = {}
        self._leaves: dict[int, TensorLeaf] = {}
        self._entries = 0
        self._around: set[int] = set()

    def read(self, value: Any, name: str) -> Any:
        """The value, or `_LEFT`. Raises FormatError if a tensor cannot be read, or all of them are too large."""
        if isinstance(value, np.ndarray) or type(value) in _PLAIN:
            return value
        self._entries += 1
        if self._entries > ENTRIES:
            raise FormatError(f"more than {ENTRIES} entries, or few that repeat each other")
        if len(self._around) == DEPTH:
            raise FormatError(f"its entries are nested deeper than {DEPTH}")
        made = _LEFT
        if id(value) not in self._around:
            self._around.add(id(value))
            made = self._made(value, name)
            self._around.remove(id(value))
        if made is _LEFT:
            self.left.append(name)
        return made

    def _made(self, value: Any, name: str) -> Any:
        if isinstance(value, PickledLeaf):
            # One leaf an object: what an object stands for twice is tied, though two of its leaves need not be equal.
            return self._array(self._leaves.setdefault(id(value), value.leaf()))
        if isinstance(value, dict):
            members = {key: self.read(member, f"{name}.{key}" if name else str(key)) for key, member in value.items()}
            return {key: member for key, member in members.items() if member is not _LEFT}
        if isinstance(value, list | tuple):
            members = [self.read(member, f"{name}.{index}") for index, member in enumerate(value)]
            if not any(member is _LEFT for member in members):
                return type(value)(members)
        return _LEFT

    def _array(self, leaf: TensorLeaf) -> np.ndarray:
        if leaf not in self._arrays:
            self._limit -= leaf.nbytes
            if self._limit < 0:
                raise FormatError("its tensors repeat what is stored once, beyond reason")
            self._arrays[leaf] = leaf.to_array()
        return self._arrays[leaf]


def _check(value: Any, name: str) -> None:
    if isinstance(value, Mapping):
        for key, member in value.items():
            if type(key) not in (str, int):
                raise UserError(f"{name or 'the top'} has the key {key!r}: only texts and numbers are written")
            _check(member, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        for index, member in enumerate(value):
            _check(member, f"{name}.{index}")
    elif not isinstance(value, np.ndarray) and type(value) not in _PLAIN:
        raise UserError(f"{name} is a {type(value).__name__}, neither plain nor an array: leave it out or convert it")


def _write_pickle(file: BinaryIO, entries: Mapping[str, Any]) -> None:
    data = pickle.dumps(_plain(entries), 4)
    file.write(data + hashlib.sha1(data, usedforsecurity=False).digest() + jittor_pickle.TRAILER)


def _plain(value: Any) -> Any:
    """The same with plain dicts and contiguous arrays: other mappings would name their class in the file."""
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    return value


def _write_archive(file: BinaryIO, entries: Mapping[str, Any]) -> None:
    storages: dict[ArrayTensor, int] = {}
    data = pickle.PROTO + b"\x02" + _opcodes(entries, storages) + pickle.STOP
    torch_zip.write_archive(file, data, {tensor: f"storage {key}" for tensor, key in storages.items()})


def _opcodes(value: Any, storages: dict[ArrayTensor, int]) -> bytes:
    """What pushes a value; its arrays get the next numbers in `storages`."""
    if isinstance(value, np.ndarray):
        tensor = ArrayTensor(value)
        return torch_zip.tensor_opcodes(storages.setdefault(tensor, len(storages)), tensor)
    if isinstance(value, Mapping):
        items = b"".join(atom(key) + _opcodes(member, storages) for key, member in value.items())
        return pickle.EMPTY_DICT + pickle.MARK + items + pickle.SETITEMS
    if isinstance(value, list | tuple):
        items = b"".join(_opcodes(member, storages) for member in value)
        if isinstance(value, tuple):
            return pickle.MARK + items + pickle.TUPLE
        return pickle.EMPTY_LIST + pickle.MARK + items + pickle.APPENDS
    return atom(value)
