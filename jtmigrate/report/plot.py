"""The error of every row, drawn in order of execution as SVG."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from jtmigrate.compare.result import DiffResult
from jtmigrate.report.axes import LEFT, TOP, Frame, grid, powers_around, svg
from jtmigrate.report.numbers import limit, scientific
from jtmigrate.report.rows import Row, in_order, inherits, row_name, scaled
from jtmigrate.report.templating import Markup

LETTER = 6.6
"""Average width of a letter at the size of the labels, in SVG units: enough to tell whether a label fits."""


def draw_errors(rows: Iterable[Row], result: DiffResult, *, width: int = 1080, height: int = 400) -> Markup:
    """An inline SVG of layers, or of quantities that belong to one, in order of execution; nothing for no errors."""
    layers = [layer for layer in in_order(rows) if layer.propagated or layer.isolated]
    if not layers:
        return Markup()
    frame = _frame(layers, result, width, height)
    parts = [
        grid(frame, "layers in order of execution \N{RIGHTWARDS ARROW}"),
        _floor(layers, frame),
        _tolerance(result, frame),
        _propagated(layers, frame),
        *_isolated(layers, result, frame),
        _fault(layers, result, frame),
        _bands(layers, frame),
        *_columns(layers, frame),
    ]
    return svg(width, height, "Scaled error of every layer in order of execution, on a logarithmic scale", parts)


def _frame(layers: Sequence[Row], result: DiffResult, width: int, height: int) -> Frame:
    errors = [error.scaled for layer in layers for error in (layer.propagated, layer.isolated) if error]
    errors += [layer.floor for layer in layers if layer.floor] + [result.tolerances.float32]
    return Frame(width, height, len(layers), *powers_around(errors))


def _bands(layers: Sequence[Row], frame: Frame) -> Markup:
    """The parts of the model along the top: the runs of layers under the same first names."""
    parts = []
    for name, start, stop in _runs(layers):
        left, right = LEFT + start * frame.step, LEFT + stop * frame.step
        parts.append(Markup('<path class="band" d="M{:.1f} {}V{:.1f}"/>').format(left, TOP - 20, frame.zero))
        if len(name) * LETTER < right - left - 8:
            parts.append(Markup('<text class="part" x="{:.1f}" y="{}">{}</text>').format(left + 6, TOP - 10, name))
    return Markup("").join(parts)


def _runs(layers: Sequence[Row]) -> list[tuple[str, int, int]]:
    """(name, first, past the last) of each part, at the smallest depth at which the model has several parts."""
    for depth in (1, 2, 3):
        names = [".".join(layer.path.split(".")[:depth]) for layer in layers]
        groups = groupby(range(len(names)), key=names.__getitem__)
        runs = [(name, list(indices)) for name, indices in groups]
        if sum(len(indices) > 1 for _, indices in runs) > 1:
            break
    return [(name, indices[0], indices[-1] + 1) for name, indices in runs]


def _floor(layers: Sequence[Row], frame: Frame) -> Markup:
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


def _propagated(layers: Sequence[Row], frame: Frame) -> Markup:
    return _dots("propagated", ((index, scaled(layer, "propagated")) for index, layer in enumerate(layers)), frame)


def _isolated(layers: Sequence[Row], result: DiffResult, frame: Frame) -> Iterator[Markup]:
    points: dict[str, list[tuple[int, float | None]]] = {}
    for index, layer in enumerate(layers):
        group = "inherited" if inherits(layer, result) else layer.verdict.value
        points.setdefault(group, []).append((index, scaled(layer, "isolated")))
    return (_dots(f"isolated {group}", members, frame) for group, members in points.items())


def _fault(layers: Sequence[Row], result: DiffResult, frame: Frame) -> Markup:
    keys = [layer.key for layer in layers]
    if result.first_fault is None or result.first_fault.key not in keys:
        return Markup()
    x = frame.x(keys.index(result.first_fault.key))
    label = f"first fault: {row_name(result.first_fault)}"
    on_the_left = x + len(label) * LETTER > frame.right
    return Markup(
        '<path class="fault" d="M{:.1f} {}V{:.1f}"/><text class="fault-label{}" x="{:.1f}" y="{}">{}</text>'
    ).format(x, TOP - 24, frame.zero, " end" if on_the_left else "", x + (-6 if on_the_left else 6), 12, label)


def _columns(layers: Sequence[Row], frame: Frame) -> Iterator[Markup]:
    """An invisible column over each layer that answers a pointer with its numbers."""
    shape = Markup('<rect class="column" data-key="{}" x="{:.2f}" y="{}" width="{:.2f}" height="{:.1f}">{}</rect>')
    for index, layer in enumerate(layers):
        left = LEFT + index * frame.step
        title = Markup("<title>{}</title>").format(_title(layer))
        yield shape.format(layer.key, left, TOP - 20, frame.step, frame.zero - TOP + 20, title)


def _title(layer: Row) -> str:
    return (
        f"{row_name(layer)} ({layer.kind}): {layer.verdict.value}\n"
        f"propagated {scientific(scaled(layer, 'propagated'))}\n"
        f"isolated {scientific(scaled(layer, 'isolated'))}\n"
        f"noise floor {scientific(layer.floor)}"
    )
