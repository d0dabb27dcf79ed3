"""Taking and placing elements by index."""

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import Call, Random, call
from alignment_tests.jtmigrate.port.atlas.drawing import matrix, pair

WITHOUT_REPEATS = np.array([[2, 0], [1, 3], [3, 1]])
WITH_REPEATS = np.array([[0, 0], [1, 3], [2, 2]])


def gathered(random: Random) -> Call:
    return call(matrix(random, 3, 4), 1, random.randint(0, 4, (3, 2)))


def placed(index: np.ndarray, **named: object):
    """`scatter` along the last dimension."""
    return lambda random: call(matrix(random, 3, 4), -1, index, matrix(random, 3, 2), **named)


def slices(random: Random) -> Call:
    return call(matrix(random, 3, 4), 1, np.array([3, 0]), matrix(random, 3, 2))


def masked(random: Random, *arguments: object) -> Call:
    x = matrix(random)
    return call(x, x > 0, *arguments)


CASES = {
    **pair("gather", gathered),
    **pair("take_along_dim", lambda r: call(matrix(r, 3, 4), r.randint(0, 4, (3, 2)), 1),
           lambda r: call(matrix(r, 3, 4), r.randint(0, 4, (1, 2)), dim=-1)),
    **pair("take", lambda r: call(matrix(r, 3, 4), r.randint(0, 12, (2, 3)))),
    **pair("index_select", lambda r: call(matrix(r, 3, 4), 1, np.array([3, 0, 3])),
           lambda r: call(matrix(r, 3, 4), dim=-2, index=np.array([1]))),
    **pair("masked_select", masked),
    **pair("scatter", placed(WITHOUT_REPEATS), lambda r: call(matrix(r, 3, 4), 1, WITHOUT_REPEATS, 0.3)),
    **pair("scatter_add", placed(WITH_REPEATS)),
    **pair("index_add", slices, lambda r: call(matrix(r, 3, 4), 1, np.array([1, 1]), matrix(r, 3, 2), alpha=0.3)),
    **pair("index_copy", slices),
    **pair("index_fill", lambda r: call(matrix(r, 3, 4), 0, np.array([2, 0]), 0.3)),
    **pair("masked_scatter", lambda r: masked(r, r.standard_normal(36))),
}  # fmt: skip
