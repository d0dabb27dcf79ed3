from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jtmigrate.compare.alignment import align


def common_subsequences(first, second):
    """Every longest common subsequence as a set of pairs, by trying all."""
    pairs = [(i, j) for i, a in enumerate(first) for j, b in enumerate(second) if a == b]
    for length in range(min(len(first), len(second)), -1, -1):
        found = [set(some) for some in combinations(pairs, length) if _ascends(some)]
        if found:
            return found
    return []


def _ascends(pairs):
    return all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(pairs))


@given(st.text("abc", max_size=5), st.text("abc", max_size=5))
def test_certain_pairs_are_those_of_every_longest_common_subsequence(first, second):
    everywhere = set.intersection(*common_subsequences(first, second))
    found = align(first, second)
    assert set(found.certain) == everywhere
    assert not {i for i, _ in found.certain} & found.possible.keys()


@pytest.mark.parametrize(
    ("first", "second", "certain", "possible"),
    [
        ("abc", "abc", {(0, 0), (1, 1), (2, 2)}, {}),
        ("axb", "ab", {(0, 0), (2, 1)}, {}),
        ("arb", "arrb", {(0, 0), (2, 3)}, {1: (1, 2)}),
        ("ab", "ba", set(), {0: (1,), 1: (0,)}),
        ("", "ab", set(), {}),
    ],
)
def test_examples(first, second, certain, possible):
    assert set(align(first, second).certain) == certain
    assert align(first, second).possible == possible
