"""What the rows of a report, layers and other quantities, say beside their verdict, and which of them to look at."""

import math
from collections.abc import Iterable, Sequence
from typing import Literal

from jtmigrate.compare.result import DiffResult, LayerResult, QuantityResult, TensorError, Verdict
from jtmigrate.report.numbers import ABSENT, layer_name, scientific

Row = LayerResult | QuantityResult
Situation = Literal["propagated", "isolated", "float64"]

SEVERITY: tuple[Verdict, ...] = (
    Verdict.IDENTICAL,
    Verdict.ALIGNED,
    Verdict.ROUNDING,
    Verdict.UNCOMPARED,
    Verdict.MISMATCH,
)
"""From the best verdict to the worst: a group of rows is as good as its worst member."""


def row_name(row: Row) -> str:
    """What a sentence calls it: a layer's path, "parameter gradient of head.weight, step 2"."""
    return layer_name(row.key)


def short_name(row: Row) -> str:
    """What a table calls it that tells the kind of quantity elsewhere: "head.weight, step 2"."""
    if isinstance(row, LayerResult):
        return layer_name(row.key)
    return layer_name(row.name) + ("" if row.step is None else f", step {row.step}")


def scaled(row: Row, situation: Situation) -> float | None:
    """Scaled error in one situation, None where that was not run."""
    error: TensorError | None = getattr(row, situation)
    return None if error is None else error.scaled


def worst(rows: Iterable[Row], situation: Situation) -> Row | None:
    """The row with the largest scaled error in a situation; None if nothing was measured in it.

    What is below resolution is left out: in float32 it is not judged, and in float64 its rounding is excused.
    """
    measured = [row for row in rows if getattr(row, situation) and not _is_excused(row)]
    return max(measured, key=lambda row: _magnitude(scaled(row, situation)), default=None)


def poor_arithmetic(row: Row, result: DiffResult) -> bool:
    """Whether a fault exists in float32 only: the same computation, carried out less precisely."""
    tolerances = result.tolerances
    too_far = row.own_fault and row.isolated is not None and row.isolated.scaled > tolerances.float32
    return too_far and row.float64 is not None and row.float64.scaled <= tolerances.float64


def inherits(row: Row, result: DiffResult) -> bool:
    """Whether a mismatch merely passes on an earlier one.

    A layer or a gradient, because it is in order alone, on the reference's input. What a training step computes from
    its own gradients cannot be taken apart in this way: it counts as inherited from the first fault.
    """
    fault = result.first_fault
    if fault is None or row.verdict is not Verdict.MISMATCH or row.own_fault or row.key == fault.key:
        return False
    if isinstance(row, LayerResult):
        return row.order > fault.order and row.isolated is not None
    return row.isolated is not None or row.step is not None


def is_good(row: Row) -> bool:
    """Whether nothing about it asks for a look."""
    return row.verdict in (Verdict.IDENTICAL, Verdict.ALIGNED) and not row.nonfinite


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Rows in the order in which the reference's layers were executed."""
    return sorted(rows, key=lambda row: row.order)


def worst_first(rows: Iterable[Row], result: DiffResult) -> list[Row]:
    """The most serious rows first: by verdict, own faults before inherited ones, then by error."""

    def seriousness(row: Row) -> tuple[int, bool, float]:
        error = scaled(row, "isolated") if row.isolated else scaled(row, "propagated")
        error = None if _is_excused(row) else error
        return SEVERITY.index(row.verdict), not inherits(row, result), _magnitude(error)

    return sorted(rows, key=seriousness, reverse=True)


def remarks(row: Row, result: DiffResult) -> list[str]:
    """What the verdict alone does not say."""
    facts = {
        "inherited": inherits(row, result),
        "listed": row.listed,
        "below resolution": row.below_resolution,
        "not finite": row.nonfinite,
    }
    return [remark for remark, holds in facts.items() if holds]


def count_verdicts(rows: Sequence[Row]) -> dict[Verdict, int]:
    """Number of rows of each verdict that occurs, the worst first."""
    numbers = {verdict: sum(row.verdict is verdict for row in rows) for verdict in reversed(SEVERITY)}
    return {verdict: number for verdict, number in numbers.items() if number}


def count_words(rows: Sequence[Row]) -> str:
    """`178 aligned, 213 identical`: the verdicts that occur, the worst first."""
    return ", ".join(f"{number:,} {verdict.value}" for verdict, number in count_verdicts(rows).items())


def amplification_words(row: Row) -> str:
    """`1.30` times its input's error; `-` for what has no input or no error."""
    return scientific(row.amplification) if isinstance(row, LayerResult) else ABSENT


def inherited_words(row: Row) -> str:
    """`87 %` of the propagated error, `-` where that cannot be told."""
    share = row.inherited if isinstance(row, LayerResult) else None
    return ABSENT if share is None else f"{share:.0%}".replace("%", " %")


def _is_excused(row: Row) -> bool:
    """Whether its errors are large only because the reference is next to nothing."""
    return row.below_resolution and row.verdict is not Verdict.MISMATCH


def _magnitude(error: float | None) -> float:
    """A sort key in which NaN is the worst and an unmeasured error the least."""
    if error is None:
        return -1.0
    return math.inf if math.isnan(error) else error
