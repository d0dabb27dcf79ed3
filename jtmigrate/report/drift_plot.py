"""How far two models that train on their own come apart, step by step, drawn as SVG."""

from collections.abc import Sequence

from jtmigrate.compare.result import DriftPoint
from jtmigrate.report.axes import Frame, grid, powers_around, svg
from jtmigrate.report.numbers import scientific
from jtmigrate.report.templating import Markup


def draw_drift(drift: Sequence[DriftPoint], *, width: int = 1080, height: int = 300) -> Markup:
    """A line for the loss and one for the parameters; nothing for no steps."""
    if not drift:
        return Markup()
    errors = [error for point in drift for error in (point.loss, point.parameters)]
    frame = Frame(width, height, len(drift), *powers_around(errors))
    lines = {name: [getattr(point, name) for point in drift] for name in ("loss", "parameters")}
    parts = [
        grid(frame, f"training steps {drift[0].step} to {drift[-1].step}"),
        *(_line(name, values, frame) for name, values in lines.items()),
        *(_column(index, point, frame) for index, point in enumerate(drift)),
    ]
    return svg(width, height, "Difference of losses and parameters after every training step", parts)


def _line(name: str, values: Sequence[float], frame: Frame) -> Markup:
    points = " ".join(f"{frame.x(index):.1f},{frame.y(value):.1f}" for index, value in enumerate(values))
    dots = "".join(f"M{frame.x(index):.1f} {frame.y(value):.1f}h0" for index, value in enumerate(values))
    return Markup('<polyline class="line {}" points="{}"/><path class="dots {}" d="{}"/>').format(
        name, points, name, dots
    )


def _column(index: int, point: DriftPoint, frame: Frame) -> Markup:
    words = (
        f"step {point.step}\nloss {scientific(point.loss)}\nparameters {scientific(point.parameters)} ({point.worst})"
    )
    shape = Markup('<rect class="column still" x="{:.2f}" y="0" width="{:.2f}" height="{}"><title>{}</title></rect>')
    return shape.format(frame.x(index) - frame.step / 2, frame.step, frame.height, words)
