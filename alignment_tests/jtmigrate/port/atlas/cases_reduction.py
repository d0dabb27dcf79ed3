"""Reductions and running sums."""

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import Call, Random, call
from alignment_tests.jtmigrate.port.atlas.drawing import cube, distinct, function, matrix, one, pair

TIES = np.array([[1.0, 3.0, 3.0], [0.0, 3.0, -1.0]])
HOLES = np.array([[np.nan, 1.5, 2.0], [0.5, np.nan, -1.0]])


def _over(*arguments: object, **named: object):
    return lambda random: call(cube(random), *arguments, **named)


def _spread(random: Random) -> Call:
    return call(distinct(random, (3, 4)), 1)


def _truths(random: Random) -> Call:
    return call(matrix(random) > 0, 1, keepdim=True)


CASES = {
    **pair("sum", _over(), _over(1), _over(dim=(0, 2), keepdim=True), lambda r: call(matrix(r) > 0)),
    **pair("mean", _over(), _over(-1), _over(dim=(0, 2), keepdim=True)),
    **pair("prod", _over(), _over(1, keepdim=True)),
    **pair("max", one, _spread, lambda r: call(distinct(r, (3, 4)), dim=0, keepdim=True), lambda r: call(TIES),
           lambda r: call(TIES, matrix(r, 2, 3))),
    **pair("min", one, _spread, lambda r: call(TIES, matrix(r, 2, 3))),
    **pair("amax", lambda r: call(TIES, 1), _over((0, 1))),
    **pair("amin", lambda r: call(TIES, 1), _over((0, 1), True)),
    **pair("aminmax", lambda r: call(matrix(r), dim=1)),
    **pair("argmax", _spread, one, lambda r: call(distinct(r, (3, 4)), dim=-2, keepdim=True)),
    **pair("argmin", _spread, one),
    **pair("any", _truths, lambda r: call(matrix(r) > 0)),
    **pair("all", _truths, lambda r: call(matrix(r) > 0)),
    **pair("count_nonzero", lambda r: call(r.randint(0, 2, (3, 5)).astype(np.int32), 1)),
    **pair("var", one, _over((0, 2), unbiased=False), _over(1, correction=2, keepdim=True)),
    **pair("std", one, _over(1, keepdim=True)),
    **function("var_mean", _over(1)),
    **function("std_mean", _over(1)),
    **pair("norm", one, _over(2, 1), _over(1, dim=(0, 1), keepdim=True), lambda r: call(np.zeros((2, 3)))),
    **pair("logsumexp", _over(1), _over((0, 2), True), lambda r: call(matrix(r) * 200, 1)),
    **pair("cumsum", _over(1), _over(-2)),
    **pair("cumprod", _over(1)),
    **pair("logcumsumexp", _over(1)),
    **pair("nansum", lambda r: call(HOLES, 1), gradient=False),
    **pair("nanmean", lambda r: call(HOLES, 1), gradient=False),
}  # fmt: skip
