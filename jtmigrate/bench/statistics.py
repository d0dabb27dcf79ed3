"""What is said of repeated measurements: medians, their spread, and ratios pair by pair."""

from collections.abc import Sequence
from math import comb
from typing import NamedTuple

import numpy as np

CONFIDENCE = 0.95


class Spread(NamedTuple):
    """The middle of several measurements, and between which values half of them lie."""

    median: float
    lower_quartile: float
    upper_quartile: float


class Ratio(NamedTuple):
    """How often one goes into the other, over pairs measured one right after the other.

    low, high   an interval that holds the true median with `confidence`, whatever the distribution; the extremes, with
                less confidence than `CONFIDENCE`, where there are fewer than six pairs
    """

    median: float
    low: float
    high: float
    confidence: float
    pairs: int


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles of at least one value."""
    lower, median, upper = np.percentile(values, (25, 50, 75))
    return Spread(float(median), float(lower), float(upper))


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> Ratio:
    """The ratios of values of the same round, of at least one.

    Others who use the machine slow down both of a pair; the ratio of two medians would not know that.
    """
    ratios = sorted(n / d for n, d in zip(numerators, denominators, strict=True))
    rank, confidence = interval_ranks(len(ratios))
    return Ratio(float(np.median(ratios)), ratios[rank], ratios[-1 - rank], confidence, len(ratios))


def interval_ranks(count: int) -> tuple[int, float]:
    """Of so many sorted values, those of index r and -1 - r hold the median between them: r, and how surely.

    Every value is above the median or below it as a coin falls, so the confidence is a sum of binomial coefficients.
    """

    def confidence(rank: int) -> float:
        return 1 - 2 * sum(comb(count, below) for below in range(rank + 1)) / 2**count

    rank = 0
    while rank + 1 < count / 2 and confidence(rank + 1) >= CONFIDENCE:
        rank += 1
    return rank, confidence(rank)
