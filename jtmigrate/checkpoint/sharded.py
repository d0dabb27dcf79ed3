"""safetensors in several files, with an index: {"metadata": ..., "weight_map": {name: file}}."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from jtmigrate.checkpoint import safetensors
from jtmigrate.checkpoint.beside import check_beside, opener
from jtmigrate.checkpoint.contents import Contents
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.tensors import TensorLeaf

CONTAINER = "safetensors, sharded"

INDEX_SUFFIX = ".safetensors.index.json"
INDEX_LIMIT = 16 << 20
"""Bytes: an index lists the tensors of all shards."""


def index_of(path: Path) -> Path | None:
    """The index that a path names, or the only one that lies in a folder; None if it is neither."""
    if path.name.endswith(INDEX_SUFFIX):
        return path
    found = sorted(path.glob(f"*{INDEX_SUFFIX}")) if path.is_dir() else []
    return found[0] if len(found) == 1 else None


def shard_names(index: Path) -> dict[str, str]:
    """Name of each tensor -> name of the file beside the index that holds it.

    Raises FormatError if the index is damaged or names a file elsewhere, OSError if it cannot be read.
    """
    with open(index, "rb") as file:
        text = file.read(INDEX_LIMIT + 1)
    if len(text) > INDEX_LIMIT:
        raise FormatError(f"its index has more than {INDEX_LIMIT} bytes")
    weight_map = safetensors.parse_object(text, "its index").get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise FormatError("its index has no weight_map of names and files")
    for shard in weight_map.values():
        if not isinstance(shard, str):
            raise FormatError("its index has no weight_map of names and files")
        check_beside(shard)
    return weight_map


def read(index: Path, stack: ExitStack) -> Contents:
    """The tensors of all shards in the order of the index; `stack` closes the files.

    Raises FormatError if the index or a shard is damaged or the two contradict each other, OSError if one of them
    cannot be read.
    """
    weight_map = shard_names(index)
    open_beside = opener(index.parent, stack)
    shards = {shard: _shard(shard, open_beside) for shard in dict.fromkeys(weight_map.values())}
    leaves: dict[str, TensorLeaf] = {}
    for name, shard in weight_map.items():
        if name not in shards[shard].leaves:
            raise FormatError(f"{shard} lacks the tensor {name!r} that the index promises")
        leaves[name] = shards[shard].leaves[name]
    _check_complete(leaves, shards)
    left_behind = dict.fromkeys(entry for contents in shards.values() for entry in contents.left_behind)
    return Contents(
        leaves, CONTAINER, left_behind=tuple(left_behind), files=(index, *(index.parent / shard for shard in shards))
    )


def _shard(name: str, open_beside: Callable[[str], BinaryIO]) -> Contents:
    file = open_beside(name)
    try:
        return safetensors.read(file)
    except FormatError as error:
        raise FormatError(f"{name}: {error}") from error


def _check_complete(leaves: Mapping[str, TensorLeaf], shards: Mapping[str, Contents]) -> None:
    for shard, contents in shards.items():
        for name, leaf in contents.leaves.items():
            if leaves.get(name) is not leaf:
                raise FormatError(f"{shard} holds the tensor {name!r}, of which the index says otherwise")
