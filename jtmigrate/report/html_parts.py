"""What the page shows of a result beside text and drawings: colours and the numbers that matter."""

from collections import Counter
from collections.abc import Iterable

from jtmigrate.compare.result import DiffResult, Verdict
from jtmigrate.report import numbers
from jtmigrate.report.rows import Row, Situation, count_verdicts, inherits, row_name, scaled, worst
from jtmigrate.report.summary import compared

LOOKS = ("mismatch", "inherited", "uncompared", "rounding", "aligned", "identical")
"""How a row is coloured, from what asks for most attention: by verdict, and paler where it is not its own doing."""


def look(row: Row, result: DiffResult) -> str:
    """The CSS class of a row: its verdict, or `inherited` for a mismatch that is not its own."""
    return "inherited" if inherits(row, result) else row.verdict.value


def count_looks(rows: Iterable[Row], result: DiffResult) -> list[tuple[str, int]]:
    """Number of rows of each look that occurs."""
    counts = Counter(look(row, result) for row in rows)
    return [(name, counts[name]) for name in LOOKS if counts[name]]


def tiles(result: DiffResult) -> list[dict[str, str]]:
    """The numbers that matter: label, value, and a caption that says what to hold the value against."""
    allowed = result.tolerances
    isolated, float64 = worst(result.layers, "isolated"), worst(result.layers, "float64")
    identical = sum(parameter.verdict is Verdict.IDENTICAL for parameter in result.parameters)
    found = [
        _tile("Layers compared", f"{compared(result):,}", f"of {len(result.layers):,} recorded"),
        _error_tile("Worst isolated", isolated, "isolated", f"float32, tolerance {numbers.limit(allowed.float32)}"),
        _error_tile("Worst propagated", result.worst_propagated, "propagated", "float32, not judged"),
        _error_tile("Worst float64", float64, "float64", f"tolerance {numbers.limit(allowed.float64)}"),
        _tile("Identical parameters", f"{identical:,}", f"of {len(result.parameters):,}, bit by bit"),
    ]
    if result.quantities:
        wrong = count_verdicts(result.quantities).get(Verdict.MISMATCH, 0)
        caption = f"gradients, buffers, losses, steps; {wrong:,} {Verdict.MISMATCH.value}"
        found.append(_tile("Other quantities", f"{len(result.quantities):,}", caption))
    return found


def _tile(label: str, value: str, caption: str, row: str = "") -> dict[str, str]:
    return {"label": label, "value": value, "caption": caption, "row": row}


def _error_tile(label: str, row: Row | None, situation: Situation, caption: str) -> dict[str, str]:
    if row is None:
        return _tile(label, "not measured", caption)
    return _tile(label, numbers.scientific(scaled(row, situation)), caption, row_name(row))
