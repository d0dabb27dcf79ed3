"""The atlas of differences: every name of PyTorch that jtmigrate knows, and what becomes of it in Jittor.

One file a topic, each a tuple of entries; this puts them together.
"""

from collections.abc import Mapping
from types import MappingProxyType

from jtmigrate.port.atlas import (
    activation,
    comparison,
    creation,
    dtypes,
    in_place,
    indexing,
    linear_algebra,
    ordering,
    pointwise,
    process,
    reduction,
    shape,
    tensors,
)
from jtmigrate.port.atlas.entry import Entry, Kind, Support

__all__ = ["ATLAS", "ENTRIES", "Entry", "Kind", "Support"]

ENTRIES: tuple[Entry, ...] = (
    *activation.ENTRIES,
    *comparison.ENTRIES,
    *creation.ENTRIES,
    *dtypes.ENTRIES,
    *in_place.ENTRIES,
    *indexing.ENTRIES,
    *linear_algebra.ENTRIES,
    *ordering.ENTRIES,
    *pointwise.ENTRIES,
    *process.ENTRIES,
    *reduction.ENTRIES,
    *shape.ENTRIES,
    *tensors.ENTRIES,
)

ATLAS: Mapping[str, Entry] = MappingProxyType(
    {name: entry for entry in ENTRIES for name in (entry.torch, *entry.aliases)}
)
"""Full name in PyTorch, aliases among them -> what is known about it."""
