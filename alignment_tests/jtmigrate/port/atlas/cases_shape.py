"""Shapes and order of elements."""

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import Call, Random, call
from alignment_tests.jtmigrate.port.atlas.drawing import cube, function, matrix, method, one, pair


def _over(*arguments: object, **named: object):
    return lambda random: call(cube(random), *arguments, **named)


def _fixed(*arguments: object, **named: object):
    """A tensor of one shape for arguments that depend on it."""
    return lambda random: call(random.standard_normal((4, 1, 6)), *arguments, **named)


def _joined(random: Random) -> Call:
    return call([matrix(random, 3), matrix(random, 3)], 1)


def _same(random: Random) -> Call:
    return call([matrix(random, 2, 3) for _ in range(3)])


CASES = {
    **function("cat", _joined, lambda r: call((matrix(r, 2, 3), matrix(r, 4, 3)))),
    **function("stack", _same, lambda r: call([matrix(r, 2, 3), matrix(r, 2, 3)], dim=-1)),
    **function("vstack", _same),
    **function("hstack", _same),
    **function("column_stack", lambda r: call([matrix(r, 3), r.standard_normal(3)])),
    **pair("split", _fixed(3, dim=2), _fixed([1, 2, 3], -1)),
    **function("split_with_sizes", _fixed([1, 3])),
    **pair("chunk", _fixed(4, -1), _fixed(1)),
    **pair("tensor_split", _fixed(4, 2), _fixed([1, 3])),
    **pair("hsplit", lambda r: call(matrix(r, 2, 4), 2)),
    **pair("vsplit", lambda r: call(matrix(r, 4, 2), 2)),
    **pair("unbind", _over(1)),
    **pair("select", _over(1, -1)),
    **pair("narrow", _fixed(2, 1, 3)),
    **function("reshape", _fixed((3, -1))),
    **method("reshape", _fixed(3, -1), _fixed((2, 12))),
    **method("view", _fixed(3, -1), _fixed((2, 12))),
    **method("view_as", lambda r: call(matrix(r, 2, 6), np.ones((3, 4)))),
    **method("reshape_as", lambda r: call(matrix(r, 2, 6), np.ones((3, 4)))),
    **pair("flatten", _over(), _over(1), _over(start_dim=0, end_dim=1)),
    **pair("unflatten", _fixed(-1, (2, 3)), _fixed(2, (-1, 3))),
    **function("permute", _over((2, 0, 1))),
    **method("permute", _over(2, 0, 1), _over((0, 2, 1))),
    **pair("transpose", _over(0, -1), _over(dim0=1, dim1=2)),
    **pair("movedim", _over(0, -1), _over((0, 1), (2, 0))),
    **pair("t", one),
    **pair("squeeze", _fixed(), _fixed(1), _fixed(0)),
    **pair("unsqueeze", _over(1), _over(-1)),
    **method("expand", _fixed(-1, 3, 6), _fixed((2, 4, 5, 6))),
    **method("expand_as", lambda r: call(matrix(r, 1, 3), np.ones((2, 3)))),
    **pair("broadcast_to", _fixed((4, 5, 6))),
    **function("broadcast_tensors", lambda r: call(matrix(r, 1, 3), matrix(r, 2, 1))),
    **method("repeat", lambda r: call(matrix(r), 2, 3), lambda r: call(matrix(r), (2, 1, 2))),
    **function("tile", lambda r: call(matrix(r), (2, 3))),
    **method("tile", lambda r: call(matrix(r), 2, 3), _over(2)),
    **pair("repeat_interleave", lambda r: call(matrix(r), 2, 1), lambda r: call(matrix(r), 3),
           lambda r: call(matrix(r, 3), np.array([2, 0, 3], np.int32), dim=0)),
    **function("flip", _over((0, -1))),
    **method("flip", _over(0, -1), _over([1])),
    **pair("fliplr", one),
    **pair("flipud", one),
    **pair("rot90", one, lambda r: call(matrix(r), 3), lambda r: call(matrix(r), -2)),
    **pair("roll", _over(2), _over(-1, 1), _over((1, 2), dims=(0, -1))),
    **method("unfold", _fixed(2, 3, 2)),
    **function("meshgrid", lambda r: call(r.standard_normal(3), r.standard_normal(4), indexing="ij"),
               lambda r: call(r.standard_normal(3), r.standard_normal(4), indexing="xy")),
    **pair("diff", _over(), _fixed(2, 0)),
    **pair("tril", one, lambda r: call(matrix(r), diagonal=-1)),
    **pair("triu", one, lambda r: call(matrix(r), 1)),
}  # fmt: skip
