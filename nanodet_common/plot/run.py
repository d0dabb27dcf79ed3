"""What a log says of a run, the same for all kinds of logs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

NAMES = {
    "AP_50": "AP50", "AP_75": "AP75", "AP_m": "AP_medium", "AP_l": "AP_large",
    "map": "mAP", "map_50": "AP50", "map_75": "AP75", "lr-AdamW": "lr", "lr-SGD": "lr", "learning_rate": "lr",
}  # fmt: skip
"""What others call a series -> what it is called here."""
LOSS = "loss"
VALIDATION = "validation "
"""Begins the name of what is measured in training and in validation both."""


class Series(NamedTuple):
    """A quantity over a run, three arrays of a length, in the order of the steps.

    steps   done when it was measured, counted from 1; NaN where the log does not tell
    epochs  the number of the epoch, from 1; NaN likewise
    values  NaN where the log says so
    """

    steps: np.ndarray
    epochs: np.ndarray
    values: np.ndarray

    @property
    def finite(self) -> np.ndarray:
        """Which of the values are numbers."""
        return np.isfinite(self.values)


@dataclass(frozen=True)
class Run:
    """A run.

    name     short, and unlike that of all others that are looked at
    source   the file or folder that was read
    kind     of log
    series   by name: "loss" and its parts, "lr", "grad_norm", "images_per_s", "memory_mb", "seconds", "mAP", ...
    damaged  lines or records that could not be understood
    facts    how the run came about, where the log tells
    """

    name: str
    source: str
    kind: str
    series: Mapping[str, Series]
    damaged: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def losses(self) -> tuple[str, ...]:
        """Names of the training losses, their sum first."""
        return tuple(sorted((name for name in self.series if is_loss(name)), key=lambda name: name != LOSS))

    def values(self, name: str) -> np.ndarray:
        """The finite values of a series; none where there is no such series."""
        found = self.series.get(name)
        return np.zeros(0) if found is None else found.values[found.finite]


def is_loss(name: str) -> bool:
    """Whether a series is the training loss or a part of it."""
    return name.startswith((LOSS, "aux_loss"))


class Points:
    """Gathers what a log says, in the order in which it says it."""

    def __init__(self) -> None:
        self._points: dict[str, list[tuple[float, float, float]]] = {}

    def add(self, name: str, value: float, *, step: float | None = None, epoch: float | None = None) -> None:
        """A value, at a step, in an epoch, as far as they are known."""
        known = tuple(np.nan if place is None else float(place) for place in (step, epoch))
        self._points.setdefault(NAMES.get(name, name), []).append((*known, float(value)))

    def series(self) -> dict[str, Series]:
        """Everything by name. Of values at the same place the last counts: the run was resumed before it."""
        return {name: _in_order(np.array(points)) for name, points in self._points.items()}


def with_sum(series: Mapping[str, Series]) -> dict[str, Series]:
    """The series, with "loss" as the sum of the parts where a log tells only these, all of them at the same steps."""
    parts = [one for name, one in series.items() if is_loss(name)]
    alike = all(np.array_equal(one.steps, parts[0].steps) for one in parts)
    if LOSS in series or not parts or not alike:
        return dict(series)
    total = np.sum([one.values for one in parts], axis=0)
    return {LOSS: Series(parts[0].steps, parts[0].epochs, total), **series}


def _in_order(points: np.ndarray) -> Series:
    """By step; by epoch where no step is known."""
    steps, epochs, values = points.T
    places = epochs if np.isnan(steps).all() else steps
    last = {place: index for index, place in enumerate(places)}
    chosen = [last[place] for place in sorted(last)]
    return Series(steps[chosen], epochs[chosen], values[chosen])
