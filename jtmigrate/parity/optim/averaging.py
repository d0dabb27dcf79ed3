"""Exponential moving averages, of weights for example."""

from collections.abc import Sequence

import jittor as jt

from jtmigrate.parity import kernels
from jtmigrate.parity.functional.numerics import scalar
from jtmigrate.parity.kernels import many


def move_averages(pairs: Sequence[tuple[jt.Var, jt.Var]], share: float) -> None:
    """Move each average, the first of a pair, towards the value that is the second: by this share of the way."""
    pairs = list(pairs)
    alike = all(tuple(average.shape) == tuple(value.shape) for average, value in pairs)
    if alike and kernels.apply_to(*(var for pair in pairs for var in pair)):
        many.move_averages(pairs, share)
        return
    for average, value in pairs:
        average.update(average * scalar(1 - share, average) + value * scalar(share, average))
