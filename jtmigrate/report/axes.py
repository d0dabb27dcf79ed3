"""What the drawings of a page share: a frame with a logarithmic scale, lines and labels.

Drawn by hand rather than by a plotting library, because the page has to restyle a drawing for a dark screen, to answer
a pointer over it, and to show it on a telephone without shrinking the letters.
"""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from jtmigrate.report.templating import Markup

LEFT, RIGHT, TOP, BOTTOM = 46, 14, 40, 46
LOWEST_POWER = -12


class Frame(NamedTuple):
    """Where the data lies: `lowest` to `highest` are powers of ten; exact zeros have a strip of
    their own below."""

    width: int
    height: int
    count: int
    lowest: int
    highest: int

    @property
    def right(self) -> float:
        return self.width - RIGHT

    @property
    def bottom(self) -> float:
        return self.height - BOTTOM

    @property
    def zero(self) -> float:
        return self.bottom + 14

    @property
    def step(self) -> float:
        """Width of one column."""
        return (self.right - LEFT) / self.count

    def x(self, index: float) -> float:
        """Middle of a column."""
        return LEFT + (index + 0.5) * self.step

    def y(self, error: float) -> float:
        """Height of an error; what is not finite lies on the upper edge."""
        if error == 0:
            return self.zero
        power = math.log10(error) if math.isfinite(error) else self.highest
        share = (min(max(power, self.lowest), self.highest) - self.lowest) / (self.highest - self.lowest)
        return self.bottom - share * (self.bottom - TOP)


def powers_around(errors: Iterable[float]) -> tuple[int, int]:
    """Powers of ten that enclose the errors that are neither zero nor infinite, within reason."""
    powers = [math.log10(error) for error in errors if error > 0 and math.isfinite(error)]
    lowest = min(max(math.floor(min(powers, default=-7)), LOWEST_POWER), 4)
    return lowest, max(min(math.ceil(max(powers, default=-5)), 6), lowest + 2)


def grid(frame: Frame, caption: str) -> Markup:
    """Lines at powers of ten and at zero, and a caption below."""
    every = 1 if frame.highest - frame.lowest <= 7 else 2
    parts = [_axis_line(frame.y(10.0**power), power_label(power), frame) for power in _powers(frame, every)]
    parts.append(_axis_line(frame.zero, "0", frame))
    text = Markup('<text class="tick" x="{}" y="{}">{}</text>')
    return Markup("").join([*parts, text.format(LEFT, frame.height - 8, caption)])


def svg(width: int, height: int, label: str, parts: Iterable[Markup]) -> Markup:
    """The drawing as a whole; `label` is for those who do not see it."""
    body = Markup("").join(parts)
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(width, height, label, body)


def power_label(power: int) -> Markup | str:
    """10 to a power."""
    if power == 0:
        return "1"
    sign = Markup("&minus;") if power < 0 else ""
    return Markup('10<tspan dy="-4" class="power">{}{}</tspan>').format(sign, abs(power))


def _powers(frame: Frame, every: int) -> Iterator[int]:
    return (power for power in range(frame.lowest, frame.highest + 1) if power % every == 0)


def _axis_line(y: float, label: str | Markup, frame: Frame) -> Markup:
    return Markup('<path class="grid" d="M{} {:.1f}H{}"/><text class="tick end" x="{}" y="{:.1f}">{}</text>').format(
        LEFT, y, frame.right, LEFT - 8, y + 4, label
    )
