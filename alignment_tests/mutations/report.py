"""The matrix as a Markdown page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from alignment_tests.mutations.limit import SIZES, SORTS, Share
from alignment_tests.mutations.matrix import Outcome


class Measured(NamedTuple):
    """Everything that a page tells.

    outcomes  of the faults that were injected
    clean     name of a comparison without a fault -> what was wrong with it, empty if nothing
    limit     how small a fault may be; empty if that was not measured
    facts     command, date, commit, seed, seconds
    """

    outcomes: Sequence[Outcome]
    clean: Mapping[str, Sequence[str]]
    limit: Sequence[Share]
    facts: Mapping[str, str]


class Scores(NamedTuple):
    """How many of some outcomes were detected, localised, and had their cause named."""

    total: int
    detected: int
    localised: int
    named: int


def scores(outcomes: Sequence[Outcome]) -> Scores:
    """Counted over outcomes, of which there is one a kind."""
    return Scores(
        len(outcomes),
        sum(outcome.detected for outcome in outcomes),
        sum(outcome.localised for outcome in outcomes),
        sum(outcome.named for outcome in outcomes),
    )


def to_markdown(measured: Measured, picture: str) -> str:
    """The page; `picture` is the file name of the drawn detection limit."""
    return "\n".join((*_head(measured), *_table(measured.outcomes), *_limit(measured.limit, picture), ""))


def _head(measured: Measured) -> Iterator[str]:
    outcomes = measured.outcomes
    rehearsed = [outcome for outcome in outcomes if outcome.mutation.rehearsed]
    others = [outcome for outcome in outcomes if not outcome.mutation.rehearsed]
    alarms = sum(map(bool, measured.clean.values()))
    yield "# Mutation matrix"
    yield ""
    yield "Faults injected into a faithful port one at a time, and what the comparison says of each. *Localised*: the"
    yield "first fault is the very module or stage. *Cause named*: the sentence says what was done; one that lists"
    yield "what it may be names nothing. The hypotheses about causes were written with ten of the kinds in mind."
    yield ""
    yield "| kinds of fault | injected | detected | localised | cause named |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for label, some in (("the ten", rehearsed), ("the others", others), ("all", outcomes)):
        total, detected, localised, named = scores(some)
        yield f"| {label} | {total} | {detected} | {localised} | {named} |"
    yield ""
    yield f"- drawn from the seed: {sum(outcome.drawn for outcome in outcomes)} of {len(outcomes)}"
    yield f"- false alarms: {alarms} in {len(measured.clean)} comparisons without a fault"
    for name, failures in measured.clean.items():
        yield from (f"  - {name}: {failure}" for failure in failures)
    yield from (f"- {name}: {fact}" for name, fact in measured.facts.items())
    yield ""


def _table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield "## Every fault"
    yield ""
    yield "An asterisk marks the ten, *drawn* a place or size that comes from the seed."
    yield ""
    yield "| group | fault | injected into | what | found in | cause | named |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for outcome in sorted(outcomes, key=lambda outcome: outcome.mutation.group):
        mutation, fault = outcome.mutation, outcome.fault
        cells = (
            mutation.group,
            mutation.name + " \\*" * mutation.rehearsed,
            f"{mutation.scene}: {_code(fault.path)}" + ", drawn" * outcome.drawn,
            fault.what,
            ("" if outcome.localised else "**elsewhere:** ") + _code(outcome.found) if outcome.detected else "**not**",
            outcome.cause,
            "yes" if outcome.named else "no",
        )
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
    yield ""


def _limit(limit: Sequence[Share], picture: str) -> Iterator[str]:
    if not limit:
        return
    yield "## How small a fault may be"
    yield ""
    yield "Share of faults found in the very layer, by size in noise floors of the layer (drawn). What differs"
    yield "in float32 only is found above four floors (dotted) and above the tolerance; what differs in float64 too is"
    yield "found far below the noise; parameters are compared bit by bit."
    yield ""
    yield f"![share found against size]({picture})"
    yield ""
    yield f"| size in floors | {' | '.join(SORTS)} |"
    yield "| ---: |" + " ---: |" * len(SORTS)
    found = {(share.sort, share.size): f"{share.found} of {share.tried}" for share in limit}
    for size in SIZES:
        yield f"| {size:g} | {' | '.join(found[sort, size] for sort in SORTS)} |"
    yield ""


def _code(path: str) -> str:
    return f"`{path}`" if path else "the model itself"
