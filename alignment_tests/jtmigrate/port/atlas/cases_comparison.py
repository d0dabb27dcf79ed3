"""Comparison and choice."""

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import Call, Random, call
from alignment_tests.jtmigrate.port.atlas.drawing import function, matrix, method, pair, two

BAD = np.array([[np.nan, np.inf, -np.inf], [0.5, -2.0, 0.0]])


def _some_equal(random: Random) -> Call:
    first, second = (random.randint(0, 3, (4, 5)).astype(np.float64) for _ in range(2))
    return call(first, second)


def _mask(random: Random, *arguments: object) -> Call:
    x = matrix(random)
    return call(x, random.uniform(size=(1, x.shape[1])) > 0.5, *arguments)


def _chosen(random: Random) -> Call:
    x = matrix(random)
    return call(x > 0, x, matrix(random, 1, x.shape[1]))


CASES = {
    **{key: cases for name in ("eq", "ne", "gt", "lt", "ge", "le") for key, cases in pair(name, _some_equal).items()},
    **{
        key: cases
        for name in ("isnan", "isinf", "isfinite", "isposinf", "isneginf")
        for key, cases in pair(name, lambda r: call(BAD), gradient=False).items()
    },
    **pair("equal", _some_equal, lambda r: call(np.arange(3.0), np.arange(3.0)), gradient=False),
    **pair("isclose", lambda r: call(BAD, BAD + 1e-6, equal_nan=True), gradient=False),
    **pair("allclose", lambda r: call(BAD[1:], BAD[1:] + 1e-6), lambda r: call(BAD[1:], BAD[1:] + 1e-3),
           gradient=False),
    **function("isin", lambda r: call(r.randint(0, 9, (3, 4)).astype(np.int32), r.randint(0, 9, 4).astype(np.int32))),
    **pair("maximum", two, _some_equal),
    **pair("minimum", two, _some_equal),
    **function("where", _chosen, lambda r: call(matrix(r) > 0, 0.3, matrix(r, 1, 1)), lambda r: call(matrix(r) > 0),
               gradient=True),
    **method("where", lambda r: call(np.ones((2, 3)), matrix(r, 2, 3) > 0, 0.3)),
    **pair("masked_fill", lambda r: _mask(r, 0.3)),
}  # fmt: skip
