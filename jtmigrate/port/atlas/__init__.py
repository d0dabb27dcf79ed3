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
    data,
    dropout,
    dtypes,
    in_place,
    indexing,
    initialisers,
    linear_algebra,
    loss,
    normalization,
    optimizers,
    ordering,
    pointwise,
    pooling,
    process,
    recurrent,
    reduction,
    resizing,
    schedulers,
    shape,
    tensors,
    torchvision,
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
    *data.ENTRIES,
    *dropout.ENTRIES,
    *dtypes.ENTRIES,
    *in_place.ENTRIES,
    *indexing.ENTRIES,
    *initialisers.ENTRIES,
    *linear_algebra.ENTRIES,
    *loss.ENTRIES,
    *normalization.ENTRIES,
    *optimizers.ENTRIES,
    *ordering.ENTRIES,
    *pointwise.ENTRIES,
    *pooling.ENTRIES,
    *process.ENTRIES,
    *recurrent.ENTRIES,
    *reduction.ENTRIES,
    *resizing.ENTRIES,
    *schedulers.ENTRIES,
    *shape.ENTRIES,
    *tensors.ENTRIES,
    *torchvision.ENTRIES,
    *utilities.ENTRIES,
)

ATLAS: Mapping[str, Entry] = MappingProxyType(
    {name: entry for entry in ENTRIES for name in (entry.torch, *entry.aliases)}
)
"""Full name in PyTorch, aliases among them -> what is known about it."""
