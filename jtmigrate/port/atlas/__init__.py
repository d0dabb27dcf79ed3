"""The atlas of differences: every name of PyTorch that jtmigrate knows, and what becomes of it in Jittor.

One file a topic, each a tuple of entries; this puts them together.
"""

from collections.abc import Mapping
from types import MappingProxyType

from jtmigrate.port.atlas.entry import Entry, Kind, Support

__all__ = ["ATLAS", "Entry", "Kind", "Support"]

TOPICS: tuple[tuple[Entry, ...], ...] = ()

ATLAS: Mapping[str, Entry] = MappingProxyType(
    {name: entry for topic in TOPICS for entry in topic for name in (entry.torch, *entry.aliases)}
)
"""Full name in PyTorch, aliases among them -> what is known about it."""
