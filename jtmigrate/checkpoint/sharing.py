"""Which tensors of a file are one tensor, and which share some of their elements."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping

from jtmigrate.checkpoint.tensors import TensorLeaf


def tied_names(tensors: Mapping[str, Hashable]) -> tuple[tuple[str, ...], ...]:
    """The groups of names that hold equal leaves, in order."""
    return tuple(names for names in group_names(tensors.items()).values() if len(names) > 1)


def overlapping_names(tensors: Mapping[str, TensorLeaf]) -> tuple[tuple[str, ...], ...]:
    """The groups of names whose views use a common range of one storage; of tied names only the first one."""
    first = {leaf: names[0] for leaf, names in group_names(tensors.items()).items()}
    storages = group_names((name, leaf.shared_storage) for leaf, name in first.items())
    groups = []
    for names in storages.values():
        end = 0
        group: list[str] = []
        for name in sorted(names, key=lambda name: tensors[name].extent):
            if tensors[name].extent[0] >= end:
                groups.append(group)
                group = []
            group.append(name)
            end = max(end, tensors[name].extent[1])
        groups.append(group)
    return tuple(tuple(group) for group in groups if len(group) > 1)


def group_names(pairs: Iterable[tuple[str, Hashable]]) -> dict[Hashable, tuple[str, ...]]:
    """The names of each key, in order, but for the key None."""
    groups: dict[Hashable, list[str]] = defaultdict(list)
    for name, key in pairs:
        if key is not None:
            groups[key].append(name)
    return {key: tuple(names) for key, names in groups.items()}
