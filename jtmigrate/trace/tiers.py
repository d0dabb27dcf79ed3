"""How much of a run is kept in a file, and what that costs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fnmatch import fnmatchcase

import numpy as np

from jtmigrate.errors import UserError
from jtmigrate.trace.record import LayerRecord, Trace
from jtmigrate.trace.sketch import BUCKETS, SAMPLES, Sketch, values_digest

RECORD_ARRAYS = ("inputs", "outputs", "gradients", "handed", "pullback", "buffers")
TRACE_ARRAYS = ("state", "buffers", "gradients")
"""Fields of a `LayerRecord` and of a `Trace` that hold arrays by name."""

SKETCH_NUMBERS = 3 + SAMPLES + BUCKETS
MEMBER_OVERHEAD = 250
"""Bytes that a zip archive spends on a member beside its content, at most."""


class Tier(str, Enum):
    """What is kept of every array, from the least to the most."""

    HASHES = "hashes"
    STATISTICS = "statistics"
    SUSPECTS = "suspects"
    EVERYTHING = "everything"


Known = np.ndarray | Sketch
Group = Mapping[str, Known]


@dataclass(frozen=True)
class Entry:
    """One array, however many places of the runs it stands in.

    group, name  where it is found: it may be in a file (trace.store), and is read again when it is written
    nbytes       0 for a sketch, whose array is lost
    is_suspect   if one of its places is a suspect's
    """

    group: Group
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    sha256: str
    nbytes: int
    is_suspect: bool

    def read(self) -> Known:
        return self.group[self.name]


@dataclass(frozen=True)
class Survey:
    """All arrays of some runs; `numbers` tells the position in `entries` of a place: (id of a group, name)."""

    entries: tuple[Entry, ...]
    numbers: Mapping[tuple[int, str], int]

    def number(self, group: Group, name: str) -> int:
        return self.numbers[id(group), name]

    def sha256(self, group: Group, name: str) -> str:
        return self.entries[self.number(group, name)].sha256


def survey(runs: Mapping[str, Trace], suspects: Sequence[str] = ()) -> Survey:
    """Find and hash all arrays; equal ones are one entry. Holds no more than one of them that is not held already.

    suspects  patterns ("neck.*") of the paths whose arrays matter most; a path stands for everything below it too
    """
    digests: dict[tuple, str] = {}
    positions: dict[tuple, int] = {}
    numbers: dict[tuple[int, str], int] = {}
    entries: list[Entry] = []
    for path, group, name in (place for trace in runs.values() for place in places(trace)):
        array = group[name]
        sha256 = (
            array.sha256 if isinstance(array, Sketch) else _digest(array, digests, remember=isinstance(group, dict))
        )
        key = (sha256, array.dtype, array.shape)
        number = positions.setdefault(key, len(entries))
        suspect = is_suspect(path, suspects)
        if number == len(entries):
            nbytes = 0 if isinstance(array, Sketch) else array.nbytes
            entries.append(Entry(group, name, array.shape, array.dtype, sha256, nbytes, suspect))
        elif suspect and not entries[number].is_suspect:
            entries[number] = replace(entries[number], is_suspect=True)
        numbers[id(group), name] = number
    return Survey(tuple(entries), numbers)


def is_suspect(path: str, patterns: Sequence[str]) -> bool:
    """Whether a path or one that it lies in matches."""
    parts = path.split(".")
    ways_down = [".".join(parts[: depth + 1]) for depth in range(len(parts))]
    return any(fnmatchcase(way, pattern) for way in ways_down for pattern in patterns)


def sizes(found: Survey, index_bytes: int) -> dict[Tier, int]:
    """Bytes of a file of each tier, without suspects where there are none; `index_bytes` are those of its index."""
    sketched = 8 * SKETCH_NUMBERS * len(found.entries)
    stored = [(entry.nbytes + MEMBER_OVERHEAD, entry.is_suspect) for entry in found.entries if entry.nbytes]
    least = index_bytes + 2 * MEMBER_OVERHEAD
    suspects = [nbytes for nbytes, suspect in stored if suspect]
    return {
        Tier.HASHES: least,
        Tier.STATISTICS: least + sketched,
        **({Tier.SUSPECTS: least + sketched + sum(suspects)} if suspects else {}),
        Tier.EVERYTHING: least + sum(nbytes for nbytes, _ in stored),
    }


def choose(tier: Tier | None, estimates: Mapping[Tier, int], budget: int | None) -> Tier:
    """The tier to write: the one asked for, or for None the largest that is within the budget.

    Raises UserError if it is over the budget, and tells the size of every tier.
    """
    fitting = [each for each in estimates if budget is None or estimates[each] <= budget]
    if tier is None and fitting:
        return fitting[-1]
    if tier in fitting:
        return tier
    what = "no tier is" if tier is None else f"tier {tier.value} is not"
    raise UserError(f"{what} within the budget of {size_words(budget)}: {sizes_words(estimates)}; take a smaller tier")


def sizes_words(estimates: Mapping[Tier, int]) -> str:
    """ "hashes 0.4 MB, everything 436.7 MB"."""
    return ", ".join(f"{tier.value} {size_words(nbytes)}" for tier, nbytes in estimates.items())


def size_words(nbytes: int) -> str:
    return f"{nbytes / 1e3:,.1f} kB" if nbytes < 1e6 else f"{nbytes / 1e6:,.1f} MB"


def record_arrays(record: LayerRecord) -> Iterator[Known]:
    """All arrays of a call."""
    for group in RECORD_ARRAYS:
        yield from getattr(record, group).values()


def places(trace: Trace) -> Iterator[tuple[str, Group, str]]:
    """Where there is an array: (path of the module that it belongs to, group, name in it)."""
    for group in (getattr(trace, name) for name in TRACE_ARRAYS):
        for name in group:
            yield name.rpartition(".")[0], group, name
    for record in trace.layers:
        for group in (getattr(record, name) for name in RECORD_ARRAYS):
            for name in group:
                yield record.path, group, name


def _digest(array: np.ndarray, known: dict[tuple, str], *, remember: bool) -> str:
    """The digest of an array's values, computed once for all views of memory that stays what it is."""
    if not remember:
        return values_digest(array)
    key = (array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str)
    if key not in known:
        known[key] = values_digest(array)
    return known[key]
