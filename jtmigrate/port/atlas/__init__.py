"""The atlas of differences: every name of PyTorch that jtmigrate knows, and what becomes of it in Jittor.

One file a topic, each a tuple of entries; this puts them together.
"""

from collections.abc import Mapping
from types import MappingProxyType

from jtmigrate.port.atlas import (
    activation,
    attention,
    containers,
    convolution,
    dropout,
    loss,
    normalization,
    pooling,
    recurrent,
    resizing,
    utilities,
)
from jtmigrate.port.atlas.entry import Entry, Kind, Support

__all__ = ["ATLAS", "ENTRIES", "Entry", "Kind", "Support"]

ENTRIES: tuple[Entry, ...] = (
    *activation.ENTRIES,
    *attention.ENTRIES,
    *containers.ENTRIES,
    *convolution.ENTRIES,
    *dropout.ENTRIES,
    *loss.ENTRIES,
    *normalization.ENTRIES,
    *pooling.ENTRIES,
    *recurrent.ENTRIES,
    *resizing.ENTRIES,
    *utilities.ENTRIES,
)

ATLAS: Mapping[str, Entry] = MappingProxyType(
    {name: entry for entry in ENTRIES for name in (entry.torch, *entry.aliases)}
)
"""Full name in PyTorch, aliases among them -> what is known about it."""
