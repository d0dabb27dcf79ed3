"""Metrics as pictures: PNG file contents, drawn by matplotlib without its global state."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from nanodet_common.evaluation.agreement import histogram
from nanodet_common.evaluation.metrics import RECALLS, Metrics
from nanodet_common.evaluation.pairing import Pairs
from nanodet_common.evaluation.words import distance
from nanodet_common.figures import COLORS, SOFT, WIDE, dress, plain, png

DIAGRAM = 2.1
"""Least width and the height of one of many diagrams."""


def precision_recall(runs: Mapping[str, Metrics], width: float = WIDE) -> bytes:
    """Precision over recall at an IoU of 0.5, one small diagram a class that has objects, one line a run."""
    classes = [label for label, one in enumerate(_first(runs).classes) if one.precision is not None]
    columns = int(width / DIAGRAM)
    rows = math.ceil(len(classes) / columns)
    figure = Figure(figsize=(width, DIAGRAM * rows + 0.5), layout="constrained")
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axis in axes[len(classes) :]:
        axis.set_axis_off()
    for axis, label in zip(axes, classes, strict=False):
        for index, (name, metrics) in enumerate(runs.items()):
            # Lines that lie on each other stay visible: the later ones are thinner.
            thickness = 2.6 / (index + 1)
            axis.plot(RECALLS, metrics.classes[label].precision, color=COLORS[index], linewidth=thickness, label=name)
        dress(axis, plain(_first(runs).classes[label].name))
        axis.set(xlim=(0, 1), ylim=(0, 1.03), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    figure.supxlabel("recall", color=SOFT, fontsize=9)
    figure.supylabel("precision", color=SOFT, fontsize=9)
    if len(runs) > 1:
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=len(runs), frameon=False)
    return png(figure)


def class_bars(runs: Mapping[str, Metrics], width: float = WIDE) -> bytes:
    """AP of every class that has objects, the best first, one bar a run."""
    measured = [label for label, one in enumerate(_first(runs).classes) if one.values["AP"] is not None]
    order = sorted(measured, key=lambda label: _first(runs).classes[label].values["AP"])
    figure = Figure(figsize=(width, 0.28 * len(order) + 0.9), layout="constrained")
    axis = figure.subplots()
    height = 0.76 / len(runs)
    for index, (name, metrics) in enumerate(runs.items()):
        places = np.arange(len(order)) + (len(runs) - 1 - 2 * index) * height / 2
        values = [metrics.classes[label].values["AP"] for label in order]
        axis.barh(places, values, height, color=COLORS[index], label=name)
    first = _first(runs).classes
    axis.set_yticks(
        np.arange(len(order)), [f"{plain(first[label].name)} ({first[label].objects:,})" for label in order]
    )
    axis.set(xlim=(0, 1), ylim=(-0.6, len(order) - 0.4))
    dress(axis, "AP (number of objects)")
    axis.grid(axis="y", visible=False)
    if len(runs) > 1:
        axis.legend(frameon=False, loc="lower right")
    return png(figure)


def distance_histograms(pairs: Pairs, width: float = WIDE) -> bytes:
    """How far the pairs of two runs are apart."""
    columns = 2 if width == WIDE else 1
    figure = Figure(figsize=(width, 3 * 2 / columns), layout="constrained")
    counted = {"largest difference of a side, px": pairs.corner, "difference of the scores": pairs.score}
    axes = figure.subplots(2 // columns, columns)
    for axis, (title, values) in zip(axes, counted.items(), strict=True):
        bins = histogram(values)
        labels = [distance(one["up_to"]) for one in bins]
        bars = axis.bar(range(len(bins)), [one["count"] for one in bins], color=COLORS[0], width=0.8)
        axis.bar_label(bars, [f"{one['count']:,}" for one in bins], fontsize=7.5, color=SOFT, padding=2)
        axis.set_xticks(range(len(bins)), labels)
        axis.margins(y=0.12)
        axis.set_xlabel("up to", color=SOFT, fontsize=8)
        dress(axis, title)
        axis.grid(axis="x", visible=False)
    return png(figure)


def score_scatter(pairs: Pairs, width: float = WIDE) -> bytes:
    """The difference of the scores of every pair over the reference's score.

    Equal scores have no place on the logarithmic scale and are left out; there must be others.
    """
    figure = Figure(figsize=(width, 3), layout="constrained")
    axis = figure.subplots()
    unequal = pairs.score > 0
    axis.plot(pairs.scores[unequal], pairs.score[unequal], ",", color=COLORS[0])
    axis.set(xlim=(0, 1), yscale="log")
    axis.set_xlabel("score", color=SOFT, fontsize=8)
    dress(axis, "difference of the scores")
    return png(figure)


def memory_curve(runs: Mapping[str, Sequence[tuple[float, float]]], width: float = WIDE) -> bytes:
    """Memory over the run: (seconds, MB) of each run by name."""
    figure = Figure(figsize=(width, 2.8), layout="constrained")
    axis = figure.subplots()
    for index, (name, samples) in enumerate(runs.items()):
        seconds, megabytes = zip(*samples, strict=True)
        axis.plot(seconds, megabytes, color=COLORS[index], linewidth=1.6, label=name)
    axis.set_xlim(left=0)
    axis.set_ylim(bottom=0)
    axis.set_xlabel("seconds", color=SOFT, fontsize=8)
    dress(axis, "resident memory, MB")
    axis.legend(frameon=False, loc="lower right")
    return png(figure)


def _first(runs: Mapping[str, Metrics]) -> Metrics:
    return next(iter(runs.values()))
