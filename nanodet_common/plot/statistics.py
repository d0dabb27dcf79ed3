"""Runs in numbers."""

from typing import Any, NamedTuple

import numpy as np

from nanodet_common.plot.run import VALIDATION, Run, Series

LAST_SHARE = 10
"""The last tenth of a series stands for where it ended."""


class Place(NamedTuple):
    """A value, and where; None where the log does not tell."""

    value: float
    step: int | None
    epoch: int | None


class Statistics(NamedTuple):
    """A series in numbers. None of it for one that has no finite value.

    count       values, finite or not
    not_finite  how many of them are NaN or infinite
    late_mean   mean of the last tenth
    """

    count: int
    not_finite: int
    first: Place | None
    lowest: Place | None
    highest: Place | None
    last: Place | None
    late_mean: float | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {name: value._asdict() if isinstance(value, Place) else value for name, value in self._asdict().items()}


def statistics(series: Series) -> Statistics:
    """First, lowest, highest and last finite value; the earliest of equal ones."""
    finite = np.flatnonzero(series.finite)
    count, missing = len(series.values), len(series.values) - finite.size
    if not finite.size:
        return Statistics(count, missing, None, None, None, None, None)
    values = series.values[finite]
    chosen = (0, int(values.argmin()), int(values.argmax()), -1)
    places = (_place(series, finite[index]) for index in chosen)
    late = values[-max(1, len(values) // LAST_SHARE) :]
    return Statistics(count, missing, *places, float(late.mean()))


def duration(run: Run) -> float | None:
    """Seconds in steps and validations, without the start of processes; None where the log does not tell."""
    seconds = np.concatenate([run.values("seconds"), run.values(f"{VALIDATION}seconds")])
    return float(seconds.sum()) if run.values("seconds").size else None


def _place(series: Series, index: int) -> Place:
    step, epoch = series.steps[index], series.epochs[index]
    return Place(
        float(series.values[index]),
        None if np.isnan(step) else int(step),
        None if np.isnan(epoch) else int(epoch),
    )
