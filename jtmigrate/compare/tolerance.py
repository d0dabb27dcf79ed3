"""The smallest tolerances that would have passed: how much is there to spare, or how far off is it?"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from jtmigrate.compare.result import Compared, DiffResult, QuantityResult, Verdict
from jtmigrate.compare.verdict import OFF


@dataclass(frozen=True)
class SmallestTolerances:
    """Scaled errors, as in `Tolerances`; None where that precision was not run, or nothing was judged in it.

    obstacle  what no tolerance would let pass; "" if the two suffice
    """

    float32: float | None
    float64: float | None
    obstacle: str = ""


def smallest_tolerances(result: DiffResult) -> SmallestTolerances:
    """The largest errors that nothing but a tolerance excuses, over layers and quantities.

    In float32 an error within a few times the noise floor needs no tolerance and counts as 0. A row of several arrays
    is told by its worst one.
    """
    rows = (*result.layers, *result.quantities)
    float32 = [_beyond_the_floor(row, result.tolerances.floor_factor) for row in rows if _judged_in_float32(row)]
    float64 = [row.float64.scaled for row in rows if row.float64 and not _excused_in_float64(row)]
    return SmallestTolerances(
        float32=max(float32, default=None),
        float64=max(float64, default=None),
        obstacle="" if result.aligned else next(_obstacles(result), ""),
    )


def _judged_in_float32(row: Compared) -> bool:
    """As in `verdict.judge`; a quantity that was measured alone is never below resolution there."""
    measured_alone = isinstance(row, QuantityResult) and row.isolated is not None
    if row.below_resolution and not (measured_alone or row.own_fault):
        return False
    return row.isolated is not None or (row.propagated is not None and not _is_of_training(row))


def _is_of_training(row: Compared) -> bool:
    return isinstance(row, QuantityResult) and row.step is not None


def _beyond_the_floor(row: Compared, floor_factor: float) -> float:
    error = (row.isolated or row.propagated).scaled
    return error if error > floor_factor * (row.floor or 0.0) else 0.0


def _excused_in_float64(row: Compared) -> bool:
    """Whether its error in float64 is float64's own rounding (`verdict.NEGLIGIBLE`)."""
    return row.below_resolution and row.verdict is not Verdict.MISMATCH


def _obstacles(result: DiffResult) -> Iterator[str]:
    for row in (*result.layers, *result.quantities):
        errors = [error.scaled for error in (row.propagated, row.isolated, row.float64) if error]
        if row.verdict is Verdict.MISMATCH and (OFF not in row.reason or not all(map(isfinite, errors))):
            yield f"{row.key or 'the whole model'}: {row.reason}"
        elif row.verdict is Verdict.UNCOMPARED and not row.listed:
            yield f"{row.key or 'the whole model'} is uncompared: {row.reason}"
    for parameter in result.parameters:
        if parameter.verdict is Verdict.MISMATCH or (parameter.verdict is Verdict.UNCOMPARED and not parameter.listed):
            yield f"{parameter.name}: {parameter.reason}"
    if not any(row.verdict is Verdict.MISMATCH for row in (*result.layers, *result.quantities)):
        yield result.failures[0]
