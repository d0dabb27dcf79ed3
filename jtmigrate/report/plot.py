"""The error of every layer, drawn as SVG: a picture that scales, takes the page's colours, and tells its numbers.

Drawn by hand rather than by a plotting library, because the page has to restyle it for a dark screen, to answer a
pointer over any layer, and to show it on a telephone without shrinking the letters.
"""

import math
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from jtmigrate.compare.result import DiffResult, LayerResult
from jtmigrate.report.numbers import layer_name, limit, scientific
from jtmigrate.report.summary import in_order, inherits, scaled
from jtmigrate.report.templating import Markup

LEFT, RIGHT, TOP, BOTTOM = 46, 14, 40, 46
LETTER = 6.6
"""Average width of a letter at the size of the labels, in SVG units: enough to tell whether a label fits."""


class Frame(NamedTuple):
    """Where the data lies: `lowest` to `highest` are powers of ten; exact zeros have a strip of their own below."""

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
        """Width of one layer."""
        return (self.right - LEFT) / self.count

    def x(self, index: float) -> float:
        """Middle of a layer's column."""
        return LEFT + (index + 0.5) * self.step

    def y(self, error: float) -> float:
        """Height of an error; what is not finite lies on the upper edge."""
        if error == 0:
            return self.zero
        power = math.log10(error) if math.isfinite(error) else self.highest
        share = (min(max(power, self.lowest), self.highest) - self.lowest) / (self.highest - self.lowest)
        return self.bottom - share * (self.bottom - TOP)


def draw_errors(result: DiffResult, *, width: int = 1080, height: int = 400) -> Markup:
    """An inline SVG of all layers in order of execution, or nothing where no error was measured."""
    layers = [layer for layer in in_order(result.layers) if layer.propagated or layer.isolated]
    if not layers:
        return Markup()
    frame = _frame(layers, result, width, height)
    parts = [
        _grid(frame),
        _floor(layers, frame),
        _tolerance(result, frame),
        _propagated(layers, frame),
        *_isolated(layers, result, frame),
        _fault(layers, result, frame),
        _bands(layers, frame),
        *_columns(layers, frame),
    ]
    label = "Scaled error of every layer in order of execution, on a logarithmic scale"
    body = Markup("").join(parts)
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(width, height, label, body)


def _frame(layers: list[LayerResult], result: DiffResult, width: int, height: int) -> Frame:
    errors = [error.scaled for layer in layers for error in (layer.propagated, layer.isolated) if error]
    errors += [layer.floor for layer in layers if layer.floor] + [result.tolerances.float32]
    powers = [math.log10(error) for error in errors if error > 0 and math.isfinite(error)]
    lowest = min(max(math.floor(min(powers, default=-7)), -12), 4)
    highest = max(min(math.ceil(max(powers, default=-5)), 6), lowest + 2)
    return Frame(width, height, len(layers), lowest, highest)


def _grid(frame: Frame) -> Markup:
    every = 1 if frame.highest - frame.lowest <= 7 else 2
    parts = [_axis_line(frame.y(10.0**power), _power(power), frame) for power in _powers(frame, every)]
    parts.append(_axis_line(frame.zero, "0", frame))
    caption = Markup('<text class="tick" x="{}" y="{}">layers in order of execution &#8594;</text>')
    return Markup("").join([*parts, caption.format(LEFT, frame.height - 8)])


def _powers(frame: Frame, every: int) -> Iterator[int]:
    return (power for power in range(frame.lowest, frame.highest + 1) if power % every == 0)


def _axis_line(y: float, label: str | Markup, frame: Frame) -> Markup:
    return Markup('<path class="grid" d="M{} {:.1f}H{}"/><text class="tick end" x="{}" y="{:.1f}">{}</text>').format(
        LEFT, y, frame.right, LEFT - 8, y + 4, label
    )


def _power(power: int) -> Markup | str:
    if power == 0:
        return "1"
    sign = Markup("&minus;") if power < 0 else ""
    return Markup('10<tspan dy="-4" class="power">{}{}</tspan>').format(sign, abs(power))


def _bands(layers: list[LayerResult], frame: Frame) -> Markup:
    """The parts of the model along the top: the runs of layers under the same first names."""
    parts = []
    for name, start, stop in _runs(layers):
        left, right = LEFT + start * frame.step, LEFT + stop * frame.step
        parts.append(Markup('<path class="band" d="M{:.1f} {}V{:.1f}"/>').format(left, TOP - 20, frame.zero))
        if len(name) * LETTER < right - left - 8:
            parts.append(Markup('<text class="part" x="{:.1f}" y="{}">{}</text>').format(left + 6, TOP - 10, name))
    return Markup("").join(parts)


def _runs(layers: list[LayerResult]) -> list[tuple[str, int, int]]:
    """(name, first, past the last) of each part, at the smallest depth at which the model has several parts."""
    for depth in (1, 2, 3):
        names = [".".join(layer.path.split(".")[:depth]) for layer in layers]
        groups = groupby(range(len(names)), key=names.__getitem__)
        runs = [(name, list(indices)) for name, indices in groups]
        if sum(len(indices) > 1 for _, indices in runs) > 1:
            break
    return [(name, indices[0], indices[-1] + 1) for name, indices in runs]


def _floor(layers: list[LayerResult], frame: Frame) -> Markup:
    """The noise floor as a filled outline: what lies inside, the reference does to itself."""
    if not any(layer.floor for layer in layers):
        return Markup()
    steps = "".join(
        f"V{frame.y(layer.floor) if layer.floor else frame.bottom:.1f}h{frame.step:.2f}" for layer in layers
    )
    return Markup('<path class="floor" d="M{} {}{}V{}Z"/>').format(LEFT, frame.bottom, steps, frame.bottom)


def _tolerance(result: DiffResult, frame: Frame) -> Markup:
    y = frame.y(result.tolerances.float32)
    line = Markup('<path class="tolerance" d="M{} {:.1f}H{}"/>').format(LEFT, y, frame.right)
    label = Markup('<text class="tolerance-label" x="{}" y="{:.1f}">tolerance {}</text>')
    return line + label.format(LEFT + 4, y - 6, limit(result.tolerances.float32))


def _dots(name: str, points: Iterable[tuple[int, float | None]], frame: Frame) -> Markup:
    """One path of round dots: strokes of no length, which take a fraction of the bytes of as many circles."""
    dots = [f"M{frame.x(index):.1f} {frame.y(error):.1f}h0" for index, error in points if error is not None]
    return Markup('<path class="dots {}" d="{}"/>').format(name, "".join(dots)) if dots else Markup()


def _propagated(layers: list[LayerResult], frame: Frame) -> Markup:
    return _dots("propagated", ((index, scaled(layer, "propagated")) for index, layer in enumerate(layers)), frame)


def _isolated(layers: list[LayerResult], result: DiffResult, frame: Frame) -> Iterator[Markup]:
    points: dict[str, list[tuple[int, float | None]]] = {}
    for index, layer in enumerate(layers):
        group = "inherited" if inherits(layer, result) else layer.verdict.value
        points.setdefault(group, []).append((index, scaled(layer, "isolated")))
    return (_dots(f"isolated {group}", members, frame) for group, members in points.items())


def _fault(layers: list[LayerResult], result: DiffResult, frame: Frame) -> Markup:
    keys = [layer.key for layer in layers]
    if result.first_fault is None or result.first_fault.key not in keys:
        return Markup()
    x = frame.x(keys.index(result.first_fault.key))
    label = f"first fault: {layer_name(result.first_fault.key)}"
    on_the_left = x + len(label) * LETTER > frame.right
    return Markup(
        '<path class="fault" d="M{:.1f} {}V{:.1f}"/><text class="fault-label{}" x="{:.1f}" y="{}">{}</text>'
    ).format(x, TOP - 24, frame.zero, " end" if on_the_left else "", x + (-6 if on_the_left else 6), 12, label)


def _columns(layers: list[LayerResult], frame: Frame) -> Iterator[Markup]:
    """An invisible column over each layer that answers a pointer with its numbers."""
    shape = Markup('<rect class="column" data-key="{}" x="{:.2f}" y="{}" width="{:.2f}" height="{:.1f}">{}</rect>')
    for index, layer in enumerate(layers):
        left = LEFT + index * frame.step
        title = Markup("<title>{}</title>").format(_title(layer))
        yield shape.format(layer.key, left, TOP - 20, frame.step, frame.zero - TOP + 20, title)


def _title(layer: LayerResult) -> str:
    return (
        f"{layer_name(layer.key)} ({layer.kind}): {layer.verdict.value}\n"
        f"propagated {scientific(scaled(layer, 'propagated'))}\n"
        f"isolated {scientific(scaled(layer, 'isolated'))}\n"
        f"noise floor {scientific(layer.floor)}"
    )
