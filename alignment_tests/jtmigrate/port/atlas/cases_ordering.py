"""Sorting, ranking and counting."""

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import Call, Random, call
from alignment_tests.jtmigrate.port.atlas.drawing import distinct, function, matrix, pair

EQUAL = np.array([[2.0, 1.0, 2.0, 1.0], [3.0, 3.0, 0.0, 3.0]])


def _over(*arguments: object, **named: object):
    return lambda random: call(distinct(random, (5, 4)), *arguments, **named)


def _digits(*arguments: object, **named: object):
    def make(random: Random) -> Call:
        return call(random.randint(0, 5, (3, 4)).astype(np.int32), *arguments, **named)

    return make


def _searched(random: Random) -> Call:
    return call(
        np.array([-1.0, 0.0, 0.5, 0.5, 2.0]), random.choice([-2, 0, 0.5, 1, 3], (3, 4)).astype(float), right=True
    )


CASES = {
    **pair("sort", _over(), _over(0, True), lambda r: call(EQUAL, dim=1, stable=True),
           lambda r: call(EQUAL, dim=1, descending=True, stable=True)),
    **pair("argsort", _over(), _over(0, descending=True)),
    **pair("topk", _over(2), _over(3, 0, largest=False)),
    **pair("kthvalue", _over(2), _over(3, 0, True)),
    **pair("msort", _over()),
    **pair("median", _over(), _over(0), _over(1, keepdim=True)),
    **pair("mode", lambda r: call(EQUAL[1:], 1)),
    **pair("quantile", _over(0.3), _over(0.6, 0), float32=1e-5),
    **pair("unique", _digits(), _digits(return_inverse=True, return_counts=True), _digits(dim=0)),
    **pair("unique_consecutive", _digits(return_inverse=True, return_counts=True)),
    **function("searchsorted", _searched, lambda r: call(np.sort(matrix(r, 3, 5), 1), matrix(r, 3, 2)), gradient=False),
    **function("bucketize", lambda r: call(matrix(r), np.array([-1.0, 0.0, 0.5])), gradient=False),
    **pair("bincount", lambda r: call(r.randint(0, 5, 9).astype(np.int32), minlength=7),
           lambda r: call(r.randint(0, 5, 3).astype(np.int32), np.array([0.5, 1.5, 2.5])), gradient=False),
    **pair("histc", lambda r: call(matrix(r), 5, -1, 1), gradient=False),
    **pair("nonzero", _digits(), lambda r: call(np.array([0.0, 1.5, 2.0]))),
}  # fmt: skip
