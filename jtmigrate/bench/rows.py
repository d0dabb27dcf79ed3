"""Cases and tables as rows of text, for the terminal and for Markdown alike."""

from collections.abc import Iterator, Sequence
from typing import Any

from jtmigrate.bench.result import CaseResult, Measurement, Status
from jtmigrate.bench.statistics import Ratio
from jtmigrate.report.numbers import ABSENT, scientific

HEADINGS = ("variant", "ms", "middle half", "a second", "speed", "error", "threads", "ready s", "peak MB")
LOSS = "loss, first and last"
LOUD = 0.05
"""A share of the CPUs that others may use without a word."""


def case_table(result: CaseResult) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings, and a row for every variant; speeds relative to the first. Columns that nobody fills are left out."""
    headings = (*HEADINGS, LOSS)
    rows = [_row(result, one) for one in result.measurements]
    kept = [column for column in range(len(headings)) if any(row[column] != ABSENT for row in rows)]
    return tuple(headings[column] for column in kept), [tuple(row[column] for column in kept) for row in rows]


def remarks(result: CaseResult) -> Iterator[str]:
    """Why variants have no time, and how busy others kept the machine if they did."""
    for one in result.measurements:
        if one.status is not Status.MEASURED:
            yield f"{one.variant.name}: {one.status.value}: {one.reason}"
    shares = [share for one in result.measurements for share in one.others]
    if max(shares, default=0.0) > LOUD:
        yield f"meanwhile other programs used up to {max(shares):.0%} of the CPUs: do not trust the times"


def comparison_rows(results: Sequence[CaseResult], families: tuple[str, str]) -> Iterator[tuple[str, str, str, str]]:
    """Case, title, who is compared, the ratio, of every comparison of the two families."""
    for result in results:
        for found in result.comparisons(*families):
            pair = f"{found.reference} and {found.candidate}"
            yield result.case.title, found.title, pair, ratio_words(found.speed)


def ratio_words(ratio: Ratio) -> str:
    """`1.08 x (1.05 to 1.11)`."""
    return f"{ratio.median:.2f} x ({ratio.low:.2f} to {ratio.high:.2f})"


def milliseconds(seconds: float) -> str:
    """Of seconds, three digits."""
    return number(1e3 * seconds)


def number(value: Any) -> str:
    """Three digits of a fraction, all of a whole number; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ABSENT if value is None else str(value)
    return f"{value:,.0f}" if isinstance(value, int) or abs(value) >= 1000 else scientific(value)


def _row(result: CaseResult, one: Measurement) -> tuple[str, ...]:
    name, facts = one.variant.name, one.facts
    reference = result.measurements[0].variant.name
    times = (ABSENT,) * 4
    if one.status is Status.MEASURED:
        spread = one.spread
        half = f"{milliseconds(spread.lower_quartile)} to {milliseconds(spread.upper_quartile)}"
        found = result.relative(name)
        speed = ABSENT if name == reference or found is None else ratio_words(found)
        times = (milliseconds(spread.median), half, number(result.case.items / spread.median), speed)
    losses = facts.get("losses", {}).get("loss"), facts.get("last loss")
    return (
        name,
        *times,
        ABSENT if name == reference or one.check is None else scientific(one.check.error),
        *(
            ABSENT if value is None else f"{value:,.0f}"
            for value in map(facts.get, ("threads", "preparation s", "peak memory MB"))
        ),
        ABSENT if None in losses else " ".join(f"{loss:.5g}" for loss in losses),
    )
