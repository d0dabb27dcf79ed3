"""Medians, ratios, and an interval that holds the median as often as it says."""

import numpy as np
import pytest

from jtmigrate.bench.statistics import interval_ranks, ratio, spread


def test_spread() -> None:
    assert spread([5, 1, 2, 4, 3]) == (3, 2, 4)
    assert spread([7]) == (7, 7, 7)


def test_ratios_are_taken_pair_by_pair() -> None:
    """A disturbance that slows down both of a pair does not count; the ratio of the medians would be 1.5."""
    found = ratio([2, 20, 2, 2, 20], [1, 10, 1, 10, 10])
    assert found.median == 2
    assert (found.low, found.high, found.pairs) == (0.2, 2, 5)
    with pytest.raises(ValueError, match="zip"):
        ratio([1, 2], [1])


@pytest.mark.parametrize(("count", "rank"), [(1, 0), (5, 0), (6, 0), (8, 0), (9, 1), (11, 1), (12, 2), (30, 9)])
def test_ranks_are_those_of_the_sign_test(count: int, rank: int) -> None:
    """As in tables of confidence intervals for the median, which count from 1."""
    assert interval_ranks(count)[0] == rank


@pytest.mark.parametrize("count", [1, 2, 5, 9, 14])
def test_the_interval_holds_the_median_as_often_as_it_says(count: int) -> None:
    samples = np.sort(np.random.default_rng(0).lognormal(size=(20_000, count)), axis=1)  # Their median is 1.
    rank, confidence = interval_ranks(count)
    held = np.mean((samples[:, rank] <= 1) & (samples[:, -1 - rank] >= 1))
    assert held == pytest.approx(confidence, abs=0.01)
    assert confidence >= 0.95 or rank == 0
