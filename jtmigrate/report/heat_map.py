"""Where the faulty array is off, as a picture: a border, a channel, or all over."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from jtmigrate.compare.result import FaultMap
from jtmigrate.report.axes import svg
from jtmigrate.report.numbers import limit
from jtmigrate.report.numbers import shape as shape_words
from jtmigrate.report.templating import Markup

LEVELS = 6
"""Powers of ten that are told apart, counted down from the largest error."""
WIDTH, TALLEST = 460, 380


class HeatMap(NamedTuple):
    """A drawing, what it shows, and its levels: (CSS class, "1e-3 and more"), the worst first."""

    drawing: Markup
    caption: str
    key: list[tuple[str, str]]


def draw_heat_map(fault_map: FaultMap) -> HeatMap:
    """A cell for every error, darker by powers of ten."""
    errors = [error for row in fault_map.errors for error in row]
    top = _top_power(errors)
    rows, columns = len(fault_map.errors), len(fault_map.errors[0])
    height = min(max(WIDTH * fault_map.rows / fault_map.columns, WIDTH / 12), TALLEST)
    size = (WIDTH / columns, height / rows)
    label = f"Error of {fault_map.what}, {fault_map.rows} x {fault_map.columns}"
    parts = [_background(height), *(_level(level, fault_map, top, size) for level in range(LEVELS))]
    return HeatMap(svg(WIDTH, math.ceil(height), label, parts), _caption(fault_map), list(_key(errors, top)))


def _top_power(errors: list[float]) -> int:
    finite = [error for error in errors if error and math.isfinite(error)]
    return math.floor(math.log10(max(finite))) if finite else 0


def _level_of(error: float, top: int) -> int | None:
    """0 for the largest errors, `LEVELS` - 1 for the smallest that are drawn; None for no error."""
    if error == 0:
        return None
    if not math.isfinite(error):
        return 0
    return min(max(0, top - math.floor(math.log10(error))), LEVELS - 1)


def _background(height: float) -> Markup:
    return Markup('<rect class="heat none" width="{}" height="{:.1f}"/>').format(WIDTH, height)


def _level(level: int, fault_map: FaultMap, top: int, size: tuple[float, float]) -> Markup:
    """All cells of one level as one path: neighbours in a row are drawn as one."""
    width, height = size
    runs = [
        f"M{start * width:.1f} {y * height:.1f}h{length * width:.1f}v{height:.1f}h{-length * width:.1f}z"
        for y, row in enumerate(fault_map.errors)
        for start, length in _runs([_level_of(error, top) == level for error in row])
    ]
    return Markup('<path class="heat level-{}" d="{}"/>').format(level, "".join(runs)) if runs else Markup()


def _runs(wanted: list[bool]) -> Iterator[tuple[int, int]]:
    """(start, length) of each unbroken stretch of True."""
    start = None
    for index, holds in enumerate([*wanted, False]):
        if holds and start is None:
            start = index
        elif not holds and start is not None:
            yield start, index - start
            start = None


def _caption(fault_map: FaultMap) -> str:
    where = f", {fault_map.plane}" if fault_map.plane else ""
    size = f"{fault_map.rows} x {fault_map.columns} ({' by '.join(fault_map.axes)})"
    reduced = ", each cell the largest of several" if _is_reduced(fault_map) else ""
    return f"{fault_map.what} {shape_words(fault_map.shape)}{where}: {size}{reduced}"


def _is_reduced(fault_map: FaultMap) -> bool:
    return (fault_map.rows, fault_map.columns) != (len(fault_map.errors), len(fault_map.errors[0]))


def _key(errors: list[float], top: int) -> Iterator[tuple[str, str]]:
    used = {_level_of(error, top) for error in errors}
    for level in range(LEVELS):
        if level in used:
            power = limit(10.0 ** (top - level))
            yield (
                f"level-{level}",
                f"{power} and more" if level < LEVELS - 1 else f"below {limit(10.0 ** (top - level + 1))}",
            )
    if None in used:
        yield "none", "no error"
