"""What a benchmark found: cases, and in each the measurements of all variants."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from jtmigrate.bench.statistics import Ratio, Spread, ratio, spread


class Variant(NamedTuple):
    """One way of computing the same thing.

    name         as the user names it: "torch-best"
    family       whose it is: "torch"; the fastest of a family is its best
    description  what is done, in a few words
    plain        whether this is the family's ordinary way, which "plain against plain" compares
    """

    name: str
    family: str
    description: str
    plain: bool = False


class Status(str, Enum):
    """What became of a variant."""

    MEASURED = "measured"
    UNAVAILABLE = "not available"
    """This machine lacks what it needs, which is no fault."""
    DIFFERS = "outputs differ"
    """It computes something else than the reference, so that its time means nothing."""
    FAILED = "failed"


FAULTS = (Status.DIFFERS, Status.FAILED)


class Check(NamedTuple):
    """How far a variant's outputs are from the reference's, in the words of the case, and how far they may be."""

    error: float
    limit: float

    def __bool__(self) -> bool:
        return self.error <= self.limit  # False for NaN too.


@dataclass(frozen=True)
class Measurement:
    """One variant in one case.

    reason   why there is no time, "" for what was measured
    seconds  of one repetition, one value a round
    others   share of the machine's CPUs that other programs used meanwhile, one value a round
    repeats  repetitions a round
    facts    what else the worker found: threads that it was given, memory, versions, ...
    """

    variant: Variant
    status: Status
    reason: str = ""
    seconds: tuple[float, ...] = ()
    others: tuple[float, ...] = ()
    repeats: int = 0
    check: Check | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def spread(self) -> Spread:
        """Of the seconds of a measured variant."""
        return spread(self.seconds)


@dataclass(frozen=True)
class Case:
    """What all variants do alike.

    what      "inference", "training", ...
    settings  by name, in the order in which they are shown: {"size": 320, "batch": 8, "threads": 2}
    items     what one repetition gets done, in `unit`s: 8 images
    """

    what: str
    settings: Mapping[str, Any]
    items: int
    unit: str

    @property
    def title(self) -> str:
        """One line: "inference, size 320, batch 8, threads 2"."""
        return ", ".join([self.what, *(f"{name} {value}" for name, value in self.settings.items())])


class Comparison(NamedTuple):
    """Two variants of one case; `speed` is how many times as fast the candidate is as the reference."""

    title: str
    reference: str
    candidate: str
    speed: Ratio


@dataclass(frozen=True)
class CaseResult:
    """The measurements of a case, the reference's first."""

    case: Case
    measurements: tuple[Measurement, ...]

    @property
    def measured(self) -> dict[str, Measurement]:
        """Those that have a time, by the variant's name."""
        return {one.variant.name: one for one in self.measurements if one.status is Status.MEASURED}

    def relative(self, name: str) -> Ratio | None:
        """How many times as fast a variant is as the case's first one; None where one of the two has no time."""
        reference = self.measurements[0].variant.name
        return self.speed(reference, name) if {reference, name} <= self.measured.keys() else None

    def speed(self, reference: str, candidate: str) -> Ratio:
        """How many times as fast a measured variant is as another: above 1, the candidate takes less time."""
        return ratio(self.measured[reference].seconds, self.measured[candidate].seconds)

    def comparisons(self, reference: str, candidate: str) -> Iterator[Comparison]:
        """Plain against plain and best against best of two families, where both were measured."""
        for title, choose in (("plain against plain", self._plain), ("best against best", self._best)):
            ours, theirs = choose(reference), choose(candidate)
            if ours and theirs:
                yield Comparison(title, ours, theirs, self.speed(ours, theirs))

    def _plain(self, family: str) -> str | None:
        return next((name for name, one in self._of(family).items() if one.variant.plain), None)

    def _best(self, family: str) -> str | None:
        found = self._of(family)
        return min(found, key=lambda name: found[name].spread.median, default=None)

    def _of(self, family: str) -> dict[str, Measurement]:
        return {name: one for name, one in self.measured.items() if one.variant.family == family}


class Table(NamedTuple):
    """Something that was looked up or measured once: a title, a note, column names, rows of text and numbers.

    failed  there are no rows because of a fault, which the note tells
    """

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    failed: bool = False


@dataclass(frozen=True)
class BenchResult:
    """All of it. It is true if nothing failed or computed something else.

    families  the reference's and the candidate's, between which ratios are taken
    tables    what is no interleaved measurement
    meta      the machine, the command, versions
    """

    families: tuple[str, str]
    cases: tuple[CaseResult, ...]
    tables: tuple[Table, ...]
    meta: Mapping[str, Any]

    def __bool__(self) -> bool:
        faulty = any(one.status in FAULTS for result in self.cases for one in result.measurements)
        return not faulty and not any(table.failed for table in self.tables)
