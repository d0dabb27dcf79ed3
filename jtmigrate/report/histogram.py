"""How many layers are how far off: their share by powers of ten, one strip a situation."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator

from jtmigrate.report.axes import power_label, svg
from jtmigrate.report.rows import Row, Situation, scaled
from jtmigrate.report.templating import Markup

LEFT, RIGHT, STRIP, GAP, BOTTOM = 92, 14, 62, 26, 30
LOWEST, HIGHEST = -17, 1
LABEL_WIDTH = 34
SITUATIONS: tuple[Situation, ...] = ("isolated", "propagated", "float64")


def draw_histogram(rows: Iterable[Row], *, width: int = 1080) -> Markup:
    """An inline SVG, nothing where no error was measured."""
    rows = list(rows)
    counted = {situation: _counts(rows, situation) for situation in SITUATIONS}
    shown = {situation: counts for situation, counts in counted.items() if counts}
    if not shown:
        return Markup()
    columns = _columns(shown.values())
    strips = [
        _strip(situation, counts, columns, GAP + number * (STRIP + GAP), width)
        for number, (situation, counts) in enumerate(shown.items())
    ]
    height = len(shown) * (STRIP + GAP) + BOTTOM
    label = "Share of layers by power of ten of their scaled error"
    return svg(width, height, label, [*strips, *_labels(columns, height, width)])


def _counts(rows: Iterable[Row], situation: Situation) -> Counter[int | None]:
    """Layers by the power of ten that their error is at least; None for no error at all."""
    errors = (scaled(row, situation) for row in rows)
    return Counter(_power(error) for error in errors if error is not None)


def _power(error: float) -> int | None:
    if error == 0:
        return None
    return min(max(math.floor(math.log10(error)), LOWEST), HIGHEST) if math.isfinite(error) else HIGHEST


def _columns(counts: Iterable[Counter[int | None]]) -> list[int | None]:
    """Zero, and then all powers from the lowest to the highest that occur."""
    powers = [power for one in counts for power in one if power is not None]
    return [None, *(range(min(powers), max(powers) + 1) if powers else ())]


def _strip(
    situation: Situation, counts: Counter[int | None], columns: list[int | None], top: float, width: int
) -> Markup:
    step = (width - LEFT - RIGHT) / len(columns)
    total, most = counts.total(), max(counts.values())
    parts = [
        Markup('<text class="part end" x="{}" y="{:.1f}">{}</text>').format(LEFT - 12, top + STRIP - 4, situation),
        Markup('<path class="grid" d="M{} {:.1f}H{}"/>').format(LEFT, top + STRIP, width - RIGHT),
    ]
    for index, power in enumerate(columns):
        if not counts[power]:
            continue
        tall = max(2.0, STRIP * counts[power] / most)
        x, y = LEFT + index * step, top + STRIP - tall
        share = f"{counts[power] / total:.0%}".replace("%", " %")
        parts.append(
            Markup(
                '<rect class="bar {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>'
            ).format(situation, x + 1, y, max(1.0, step - 2), tall, f"{counts[power]:,} of {total:,} ({share})")
        )
        if step < LABEL_WIDTH and counts[power] < most:
            continue  # where there is little room, the highest bar alone says its number
        parts.append(Markup('<text class="middle" x="{:.1f}" y="{:.1f}">{}</text>').format(x + step / 2, y - 4, share))
    return Markup("").join(parts)


def _labels(columns: list[int | None], height: int, width: int) -> Iterator[Markup]:
    step = (width - LEFT - RIGHT) / len(columns)
    every = max(1, math.ceil(LABEL_WIDTH / step))
    for index, power in enumerate(columns):
        if index % every == 0:
            label = "0" if power is None else power_label(power)
            x = LEFT + (index + (0.5 if power is None else 0.0)) * step
            yield Markup('<text class="{}" x="{:.1f}" y="{}">{}</text>').format(
                "middle" if power is None else "start", x, height - 8, label
            )
