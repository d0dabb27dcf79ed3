"""How much of a run is kept in a file, and what that costs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase

import numpy as np

from jtmigrate.errors import UserError
from jtmigrate.trace.record import LayerRecord, Trace
from jtmigrate.trace.sketch import BUCKETS, SAMPLES, Sketch, values_digest

RECORD_ARRAYS = ("inputs", "outputs", "gradients", "handed", "pullback", "buffers")
TRACE_ARRAYS = ("state", "buffers", "gradients")
"""Fields of a `LayerRecord` and of a `Trace` that hold arrays by name."""

SKETCH_NUMBERS = 6 + SAMPLES + BUCKETS
MEMBER_OVERHEAD = 250
"""Bytes that a zip archive spends on a member beside its content, at most."""


class Tier(str, Enum):
    """What is kept of every array, from the least to the most."""

    HASHES = "hashes"
    STATISTICS = "statistics"
    SUSPECTS = "suspects"
    EVERYTHING = "everything"


@dataclass(frozen=True)
class Entry:
    """One array, however many places of the runs it stands in. `is_suspect` if one of these is a suspect's."""

    array: np.ndarray | Sketch
    sha256: str
    is_suspect: bool


@dataclass(frozen=True)
class Survey:
    """All arrays of some runs. `numbers` gives the position in `entries` of an array, by `id`."""

    entries: tuple[Entry, ...]
    numbers: Mapping[int, int] = field(repr=False)

    def number(self, array: np.ndarray | Sketch) -> int:
        return self.numbers[id(array)]

    def sha256(self, array: np.ndarray | Sketch) -> str:
        return self.entries[self.number(array)].sha256


def survey(runs: Mapping[str, Trace], suspects: Sequence[str] = ()) -> Survey:
    """Find and hash all arrays; equal ones are one entry.

    suspects  patterns ("neck.*") of the paths whose arrays matter most; a path stands for everything below it too
    """
    digests: dict[tuple, str] = {}
    positions: dict[tuple, int] = {}
    numbers: dict[int, int] = {}
    entries: list[Entry] = []
    for path, array in (found for trace in runs.values() for found in _arrays(trace)):
        sha256 = array.sha256 if isinstance(array, Sketch) else _digest(array, digests)
        key = (sha256, array.dtype, array.shape)
        number = positions.setdefault(key, len(entries))
        suspect = is_suspect(path, suspects)
        if number == len(entries):
            entries.append(Entry(array, sha256, suspect))
        elif suspect and not entries[number].is_suspect:
            entries[number] = Entry(entries[number].array, sha256, True)
        numbers[id(array)] = number
    return Survey(tuple(entries), numbers)


def is_suspect(path: str, patterns: Sequence[str]) -> bool:
    """Whether a path or one that it lies in matches."""
    parts = path.split(".")
    ways_down = [".".join(parts[: depth + 1]) for depth in range(len(parts))]
    return any(fnmatchcase(way, pattern) for way in ways_down for pattern in patterns)


def sizes(found: Survey, index_bytes: int) -> dict[Tier, int]:
    """Bytes of a file of each tier; `index_bytes` are those of its index."""
    sketched = 8 * SKETCH_NUMBERS * len(found.entries)
    stored = [
        (_nbytes(entry.array) + MEMBER_OVERHEAD, entry.is_suspect)
        for entry in found.entries
        if isinstance(entry.array, np.ndarray)
    ]
    least = index_bytes + 2 * MEMBER_OVERHEAD
    return {
        Tier.HASHES: least,
        Tier.STATISTICS: least + sketched,
        Tier.SUSPECTS: least + sketched + sum(nbytes for nbytes, suspect in stored if suspect),
        Tier.EVERYTHING: least + sum(nbytes for nbytes, _ in stored),
    }


def choose(tier: Tier | None, estimates: Mapping[Tier, int], budget: int | None, *, has_suspects: bool) -> Tier:
    """The tier to write: the one asked for, or for None the largest that is within the budget.

    Raises UserError if it is over the budget, and tells the size of every tier.
    """
    offered = [each for each in Tier if has_suspects or each is not Tier.SUSPECTS]
    fitting = [each for each in offered if budget is None or estimates[each] <= budget]
    if tier is None and fitting:
        return fitting[-1]
    if tier in fitting:
        return tier
    listing = ", ".join(f"{each.value} {megabytes(estimates[each])}" for each in offered)
    what = "no tier" if tier is None else f"tier {tier.value}"
    verb = "is" if tier is None else "is not"
    raise UserError(f"{what} {verb} within the budget of {megabytes(budget)}: {listing}; take a smaller tier")


def megabytes(nbytes: int) -> str:
    return f"{nbytes / 1e6:,.1f} MB"


def _arrays(trace: Trace) -> Iterator[tuple[str, np.ndarray | Sketch]]:
    """(path of the module that it belongs to, array)."""
    for name in TRACE_ARRAYS:
        for own, array in getattr(trace, name).items():
            yield own.rpartition(".")[0], array
    for record in trace.layers:
        for array in record_arrays(record):
            yield record.path, array


def record_arrays(record: LayerRecord) -> Iterator[np.ndarray | Sketch]:
    """All arrays of a call."""
    for name in RECORD_ARRAYS:
        yield from getattr(record, name).values()


def _digest(array: np.ndarray, known: dict[tuple, str]) -> str:
    """The digest of an array's values, computed once for all views of the same memory."""
    key = (array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str)
    if key not in known:
        known[key] = values_digest(array)
    return known[key]


def _nbytes(array: np.ndarray | Sketch) -> int:
    return array.size * array.dtype.itemsize
