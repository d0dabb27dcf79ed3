"""The atlas of differences: every name of PyTorch that jtmigrate knows, and what becomes of it in Jittor.

One file a topic, each a tuple of entries; this puts them together.
"""

from collections.abc import Mapping
from types import MappingProxyType

from jtmigrate.port.atlas import (
    activation,
    attention,
    comparison,
    containers,
    convolution,
    creation,
    dropout,
    dtypes,
    in_place,
    indexing,
    linear_algebra,
    loss,
    normalization,
    ordering,
    pointwise,
    pooling,
    process,
    recurrent,
    reduction,
    resizing,
    shape,
    tensors,
    utilities,
)
from jtmigrate.port.atlas.entry import Entry, Kind, Support

__all__ = ["ATLAS", "ENTRIES", "Entry", "Kind", "Support"]

ENTRIES: tuple[Entry, ...] = (
    *activation.ENTRIES,
    *attention.ENTRIES,
    *comparison.ENTRIES,
    *containers.ENTRIES,
    *convolution.ENTRIES,
    *creation.ENTRIES,
    *dropout.ENTRIES,
    *dtypes.ENTRIES,
    *in_place.ENTRIES,
    *indexing.ENTRIES,
    *linear_algebra.ENTRIES,
    *loss.ENTRIES,
    *normalization.ENTRIES,
    *ordering.ENTRIES,
    *pointwise.ENTRIES,
    *pooling.ENTRIES,
    *process.ENTRIES,
    *recurrent.ENTRIES,
    *reduction.ENTRIES,
    *resizing.ENTRIES,
    *shape.ENTRIES,
    *tensors.ENTRIES,
    *utilities.ENTRIES,
)

ATLAS: Mapping[str, Entry] = MappingProxyType(
    {name: entry for entry in ENTRIES for name in (entry.torch, *entry.aliases)}
)
"""Full name in PyTorch, aliases among them -> what is known about it."""
