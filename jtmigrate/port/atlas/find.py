"""Finds entries by what somebody remembers of a name."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from jtmigrate.port.atlas.entry import Entry

NEAR = 5
"""How many names are proposed for one that is not known."""


def find(name: str, atlas: Mapping[str, Entry]) -> list[Entry]:
    """Entries that a name means, each once.

    It is the full name or an alias, else the end of one ("Conv2d", "nn.Conv2d"), else the beginning ("torch.nn.Conv").
    """
    if name in atlas:
        return [atlas[name]]
    return _once(atlas, lambda full: full.endswith(f".{name}")) or _once(atlas, lambda full: full.startswith(name))


def near(name: str, atlas: Mapping[str, Entry]) -> Sequence[str]:
    """Full names that somebody may have meant, the likeliest first."""
    by_end: dict[str, str] = {}
    for full in atlas:
        by_end.setdefault(full.rpartition(".")[2].lower(), full)
    whole = get_close_matches(name, atlas, n=NEAR, cutoff=0.75)
    ends = get_close_matches(name.rpartition(".")[2].lower(), by_end, n=NEAR, cutoff=0.7)
    return list(dict.fromkeys([*whole, *(by_end[end] for end in ends)]))[:NEAR]


def _once(atlas: Mapping[str, Entry], fits) -> list[Entry]:
    found = {entry.torch: entry for full, entry in atlas.items() if fits(full)}
    return [found[full] for full in sorted(found)]
