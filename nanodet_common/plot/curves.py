"""Runs as pictures: PNG file contents. Several runs are laid over each other; equal numbers give equal bytes."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from nanodet_common.figures import COLORS, INK, SOFT, WIDE, dress, plain, png
from nanodet_common.plot.run import Run, Series
from nanodet_common.plot.stages import stages

Runs = Sequence[Run]
STROKES = ("-", "--", ":", "-.")
WINDOW_SHARE = 50
"""A running mean covers so small a part of a series."""
MARKS = {"first": "o", "lowest": "v", "last": "s"}
DIAGRAM = 3.4
"""Least width in inches of one of several diagrams."""
NARROW_STAGE = 0.08
"""A stage of less than this share of the schedule has its name written upwards."""


class Picture(NamedTuple):
    """A file's name without its ending, a heading, what is to be seen, how it is drawn."""

    name: str
    title: str
    caption: str
    draw: Callable[..., bytes]


def losses(runs: Runs, width: float = WIDE) -> bytes:
    """The loss and each of its parts; first, lowest and last value of each run marked, and written beside one alone."""
    names = list(dict.fromkeys(name for run in runs for name in run.losses))
    names.sort(key=lambda name: name != "loss")
    figure, axes = _diagrams(len(names), width, height=2.5)
    for axis, name in zip(axes, names, strict=True):
        for index, series in _having(runs, name):
            _noisy_line(axis, series, index)
            _mark(axis, series, index, written=len(runs) == 1)
        dress(axis, plain(name))
        axis.margins(x=0.03, y=0.1)
    marks = [Line2D([], [], color=SOFT, marker=mark, linestyle="", label=name) for name, mark in MARKS.items()]
    _finish(figure, runs, "step", marks)
    return png(figure)


def learning_rate(runs: Runs, width: float = WIDE) -> bytes:
    """The learning rate over the steps, on a logarithmic scale; stages of the schedule of the first run named above."""
    figure, (axis,) = _diagrams(1, width, height=3.2)
    for index, series in _having(runs, "lr"):
        axis.plot(series.steps, series.values, **_stroke(index, thickness=2.4))
    axis.set_yscale("log", nonpositive="mask")
    axis.margins(x=0, y=0.12)
    dress(axis, "learning rate")
    _name_stages(axis, next(_having(runs, "lr"))[1])
    _finish(figure, runs, "step")
    return png(figure)


def metrics(runs: Runs, width: float = WIDE) -> bytes:
    """mAP and, thinner, AP50 against the epoch and against the step; the best mAP of each run is marked."""
    measured = [series for _, series in _having(runs, "mAP")]
    places = [place for place in ("epochs", "steps") if any(_known(series, place) for series in measured)]
    figure, axes = _diagrams(len(places), width, height=3.4)
    for axis, place in zip(axes, places, strict=True):
        for name, thickness in (("AP50", 1.0), ("mAP", 2.4)):
            for index, series in _having(runs, name):
                axis.plot(getattr(series, place), series.values, **_stroke(index, thickness=thickness), marker=".")
        best_first = sorted(_having(runs, "mAP"), key=lambda having: -np.nanmax(having[1].values))
        for rank, (index, series) in enumerate(best_first):
            best = int(np.nanargmax(series.values))
            x, y = getattr(series, place)[best], series.values[best]
            color = COLORS[index % len(COLORS)]
            axis.plot(x, y, "*", color=color, markersize=11 - min(index, 3) * 2)
            # The best above its star, the others below theirs, further down in turn: they never cover each other.
            offset = (0, -6 - 10 * rank if rank else 8)
            axis.annotate(f"{y:.4f}", (x, y), offset, textcoords="offset points", ha="center", fontsize=8, color=color)
        axis.margins(x=0.06, y=0.16)
        axis.set_ylim(bottom=0)
        axis.set_xlabel({"epochs": "epoch", "steps": "step"}[place], color=SOFT, fontsize=8)
        if place == "epochs":
            axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        dress(axis, "mAP (star: the best) and, thin, AP50")
    _finish(figure, runs, "")
    return png(figure)


def course(name: str, title: str) -> Callable[..., bytes]:
    """A drawing of one quantity over the steps."""

    def draw(runs: Runs, width: float = WIDE) -> bytes:
        figure, (axis,) = _diagrams(1, width, height=2.8)
        for index, series in _having(runs, name):
            _noisy_line(axis, series, index)
        axis.margins(x=0)
        axis.set_ylim(bottom=0)
        dress(axis, title)
        _finish(figure, runs, "step")
        return png(figure)

    return draw


def pictures(runs: Runs) -> Iterator[Picture]:
    """Those for which the runs have anything to draw."""
    noisy = "Thin: every step that the log has. Thick: its running mean over a fiftieth of the run."
    candidates = {
        "loss": Picture("loss", "Loss", f"{noisy} The marks are at values of single steps.", losses),
        "mAP": Picture("map", "mAP", "On the run's own validation set.", metrics),
        "lr": Picture("learning_rate", "Learning rate", "", learning_rate),
        "grad_norm": Picture("gradient_norm", "Norm of the gradients", f"Before clipping. {noisy}",
                             course("grad_norm", "norm of all gradients together")),
        "images_per_s": Picture("speed", "Speed", noisy, course("images_per_s", "images/s")),
        "memory_mb": Picture("memory", "Memory", "", course("memory_mb", "memory, MB")),
    }  # fmt: skip
    for name, picture in candidates.items():
        wanted = any(run.losses for run in runs) if name == "loss" else any(run.values(name).size for run in runs)
        if wanted:
            yield picture


def running_mean(values: np.ndarray) -> np.ndarray:
    """Mean over the last fiftieth of the series before each place; what is not finite is left out."""
    window = max(1, len(values) // WINDOW_SHARE)
    finite = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(finite, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(finite)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    covered = counts[ends] - counts[starts]
    return np.where(covered > 0, (sums[ends] - sums[starts]) / np.maximum(covered, 1), np.nan)


def _having(runs: Runs, name: str) -> Iterator[tuple[int, Series]]:
    """Number of each run that has finite values of this name, and these."""
    return ((index, run.series[name]) for index, run in enumerate(runs) if run.values(name).size)


def _known(series: Series, place: str) -> bool:
    return bool((series.finite & np.isfinite(getattr(series, place))).any())


def _diagrams(count: int, width: float, *, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of so many diagrams, as many beside each other as fit."""
    columns = max(1, min(count, int(width / DIAGRAM)))
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(width, height * rows + 0.4), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for axis in axes[count:]:
        axis.set_axis_off()
    return figure, axes[:count]


def _stroke(index: int, *, thickness: float = 1.6) -> Mapping[str, Any]:
    """Of a run's lines. Those of later runs are thinner: lines that lie on each other stay visible."""
    thickness *= max(0.5, 1 - 0.4 * index)
    stroke = STROKES[index // len(COLORS) % len(STROKES)]
    return {"linewidth": thickness, "color": COLORS[index % len(COLORS)], "linestyle": stroke}


def _noisy_line(axis: Axes, series: Series, index: int) -> None:
    axis.plot(series.steps, series.values, **_stroke(index, thickness=0.6), alpha=0.35)
    axis.plot(series.steps, running_mean(series.values), **_stroke(index, thickness=2.4))


def _mark(axis: Axes, series: Series, index: int, *, written: bool) -> None:
    finite = np.flatnonzero(series.finite)
    places = {"first": finite[0], "lowest": finite[series.values[finite].argmin()], "last": finite[-1]}
    for name, place in places.items():
        x, y = series.steps[place], series.values[place]
        axis.plot(x, y, MARKS[name], color=COLORS[index % len(COLORS)], markersize=5, markeredgecolor="white")
        if written:
            below = name == "lowest"
            axis.annotate(
                f"{y:.3g}", (x, y), (0, -12 if below else 6), textcoords="offset points", fontsize=7.5, color=INK,
                ha={"first": "left", "lowest": "center", "last": "right"}[name],
                bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 0.4},
            )  # fmt: skip


def _name_stages(axis: Axes, rates: Series) -> None:
    found = stages(rates)
    whole = found[-1].last - found[0].first
    for stage in found:
        axis.axvline(stage.first, color=SOFT, linewidth=0.8, linestyle=":")
        narrow = stage.last - stage.first < NARROW_STAGE * whole
        axis.annotate(
            stage.name, (stage.first, 1), (3, -3), xycoords=("data", "axes fraction"), textcoords="offset points",
            va="top", fontsize=8, color=INK, rotation=90 if narrow else 0,
        )  # fmt: skip


def _finish(figure: Figure, runs: Runs, x: str, marks: Sequence[Line2D] = ()) -> None:
    if x:
        figure.supxlabel(x, color=SOFT, fontsize=8)
    lines = [Line2D([], [], **_stroke(index), label=plain(run.name)) for index, run in enumerate(runs)]
    handles = [*(lines if len(runs) > 1 else []), *marks]
    if handles:
        columns = max(1, min(len(handles), int(figure.get_figwidth() / 1.8)))
        figure.legend(handles=handles, loc="outside upper right", ncols=columns, frameon=False, fontsize=8)
