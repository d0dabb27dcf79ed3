"""Two sequences aligned: which members belong together in every longest common subsequence."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np


class Alignment(NamedTuple):
    """Positions in the two sequences.

    certain   pairs that every longest common subsequence has
    possible  for each position of the first that is in no certain pair: those of the second that it may belong to
    """

    certain: tuple[tuple[int, int], ...]
    possible: dict[int, tuple[int, ...]]


def align(first: Sequence[Hashable], second: Sequence[Hashable]) -> Alignment:
    """Align by equality, in order.

    Every longest common subsequence takes exactly one pair of each rank (its position in the subsequence), so that a
    pair without a rival of its rank is in all of them. Time and memory: the product of the lengths.
    """
    same = _equal(first, second)
    before, after = _lengths(same), _lengths(same[::-1, ::-1])[::-1, ::-1]
    longest = before[-1, -1]
    on_a_longest = same & (before[:-1, :-1] + after[1:, 1:] + 1 == longest)
    by_rank: dict[int, list[tuple[int, int]]] = {}
    for i, j in np.argwhere(on_a_longest).tolist():
        by_rank.setdefault(int(before[i, j]), []).append((i, j))
    certain = tuple(pairs[0] for pairs in by_rank.values() if len(pairs) == 1)
    taken_first, taken_second = {i for i, _ in certain}, {j for _, j in certain}
    possible: dict[int, list[int]] = {}
    for pairs in by_rank.values():
        for i, j in pairs:
            if len(pairs) > 1 and i not in taken_first and j not in taken_second:
                possible.setdefault(i, []).append(j)
    return Alignment(certain, {i: tuple(js) for i, js in sorted(possible.items())})


def _equal(first: Sequence[Hashable], second: Sequence[Hashable]) -> np.ndarray:
    """(len(first), len(second)) booleans."""
    numbers: dict[Hashable, int] = {}
    coded = [np.array([numbers.setdefault(member, len(numbers)) for member in some], int) for some in (first, second)]
    return coded[0][:, None] == coded[1][None, :]


def _lengths(same: np.ndarray) -> np.ndarray:
    """[i, j]: length of a longest common subsequence of the first i and the first j members."""
    lengths = np.zeros((same.shape[0] + 1, same.shape[1] + 1), np.int32)
    for i in range(same.shape[0]):
        taken = np.maximum(lengths[i, 1:], lengths[i, :-1] + same[i])
        lengths[i + 1, 1:] = np.maximum.accumulate(taken)
    return lengths
