"""The atlas of differences: every name of PyTorch that jtmigrate knows, and what becomes of it in Jittor.

One file a topic, each a tuple of entries; this puts them together.
"""

from collections.abc import Mapping
from types import MappingProxyType

from jtmigrate.port.atlas import (
    activation,
    comparison,
    creation,
    data,
    dtypes,
    in_place,
    indexing,
    initialisers,
    linear_algebra,
    optimizers,
    ordering,
    pointwise,
    process,
    reduction,
    schedulers,
    shape,
    tensors,
    torchvision,
)
from jtmigrate.port.atlas.entry import Entry, Kind, Support

__all__ = ["ATLAS", "ENTRIES", "Entry", "Kind", "Support"]

ENTRIES: tuple[Entry, ...] = (
    *activation.ENTRIES,
    *comparison.ENTRIES,
    *creation.ENTRIES,
    *data.ENTRIES,
    *dtypes.ENTRIES,
    *in_place.ENTRIES,
    *indexing.ENTRIES,
    *initialisers.ENTRIES,
    *linear_algebra.ENTRIES,
    *optimizers.ENTRIES,
    *ordering.ENTRIES,
    *pointwise.ENTRIES,
    *process.ENTRIES,
    *reduction.ENTRIES,
    *schedulers.ENTRIES,
    *shape.ENTRIES,
    *tensors.ENTRIES,
    *torchvision.ENTRIES,
)

ATLAS: Mapping[str, Entry] = MappingProxyType(
    {name: entry for entry in ENTRIES for name in (entry.torch, *entry.aliases)}
)
"""Full name in PyTorch, aliases among them -> what is known about it."""
