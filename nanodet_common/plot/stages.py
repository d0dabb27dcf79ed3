"""The stages of a learning rate schedule, read off the rates themselves."""

from typing import NamedTuple

import numpy as np

from nanodet_common.plot.run import Series

MOST_PLATEAUS = 8
"""A schedule with more different rates than that falls all the time."""
SAME = 1e-3
"""Relative; logs round the rate, the original's to three digits."""


class Stage(NamedTuple):
    """A part of the schedule: its name, the first and the last step in it that the log has."""

    name: str
    first: float
    last: float


def stages(rates: Series) -> tuple[Stage, ...]:
    """Warm-up, which is what comes before the highest rate; then a stage for each rate, or one for a steady fall."""
    places = np.flatnonzero(rates.finite & np.isfinite(rates.steps))
    if not places.size:
        return ()
    steps, values = rates.steps[places], rates.values[places]
    top = int(np.flatnonzero(values >= values.max() * (1 - SAME))[0])
    warmup = [Stage("warm-up", steps[0], steps[top - 1])] if top else []
    edges = [top, *(index for index in range(top + 1, len(values)) if _differ(values[index - 1], values[index]))]
    if len(edges) > MOST_PLATEAUS:
        return (*warmup, Stage(f"{values[top]:.3g} falling to {values[-1]:.3g}", steps[top], steps[-1]))
    ends = [*(edge - 1 for edge in edges[1:]), len(values) - 1]
    plateaus = zip(edges, ends, strict=True)
    return (*warmup, *(Stage(f"{values[first]:.3g}", steps[first], steps[last]) for first, last in plateaus))


def _differ(before: float, after: float) -> bool:
    return abs(after - before) > SAME * max(abs(before), abs(after))
