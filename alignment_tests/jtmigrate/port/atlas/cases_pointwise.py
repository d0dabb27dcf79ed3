"""Functions of each element."""

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import Call, Random, call
from alignment_tests.jtmigrate.port.atlas.drawing import cube, like, matrix, one, pair, positive, two

INSIDE = ("asin", "acos", "erfinv")
EVERYWHERE = ("exp", "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "erf", "neg", "square", "sigmoid", "exp2",
              "expm1", "erfc")  # fmt: skip
ABOVE_0 = ("log", "sqrt", "rsqrt", "reciprocal", "log1p", "log2", "log10")
STEPS = ("floor", "ceil", "trunc", "frac", "sign")
HALVES = np.array([[-2.5, -1.5, -0.5, 0.0], [0.5, 1.5, 2.5, 3.5]])
WIDE = np.array([[-90.0, -40.0, -1e-5, 0.0], [1e-5, 1e-3, 30.0, 80.0]])
BAD = np.array([[np.nan, np.inf, -np.inf], [0.5, -2.0, 0.0]])
INTEGERS = np.array([[-7, -6, -1, 0], [1, 5, 6, 7]], np.int32)


def _logic(random: Random) -> Call:
    first = matrix(random)
    return call(first > 0, like(random, first) > 0)


def _bits(random: Random) -> Call:
    first, second = (random.randint(0, 64, (3, 4)).astype(np.int32) for _ in range(2))
    return call(first, second)


CASES = {
    **{key: cases for name in EVERYWHERE for key, cases in pair(name, one).items()},
    **{key: cases for name in ABOVE_0 for key, cases in pair(name, lambda r: call(positive(r))).items()},
    **{key: cases for name in INSIDE for key, cases in pair(name, lambda r: call(matrix(r).clip(-0.9, 0.9))).items()},
    **{key: cases for name in STEPS for key, cases in pair(name, lambda r: call(matrix(r) * 3)).items()},
    **pair("sigmoid", one, lambda r: call(WIDE)),
    **pair("relu", one),
    **pair("softmax", lambda r: call(matrix(r), 1), lambda r: call(cube(r), dim=-2)),
    **pair("log_softmax", lambda r: call(matrix(r), dim=1)),
    **pair("expm1", lambda r: call(WIDE), one),
    **pair("abs", one, lambda r: call(HALVES)),
    **pair("round", lambda r: call(HALVES), lambda r: call(matrix(r), decimals=1)),
    **pair("logit", lambda r: call(r.uniform(0.1, 0.9, (3, 4))), lambda r: call(r.uniform(0, 1, (3, 4)), 0.2)),
    **pair("logaddexp", two),
    **pair("hypot", two),
    **pair("atan2", two),
    **pair("add", two, lambda r: call(matrix(r), 0.3), lambda r: call(cube(r), 0.1, alpha=0.3)),
    **pair("sub", two, lambda r: call(cube(r), 0.1, alpha=0.3)),
    **pair("mul", two, lambda r: call(matrix(r), 0.3)),
    **pair("div", lambda r: call(matrix(r), 0.3), lambda r: call(matrix(r), 0.3, rounding_mode="floor"),
           lambda r: call(matrix(r), 0.3, rounding_mode="trunc")),
    **pair("floor_divide", lambda r: call(INTEGERS, 3), lambda r: call(INTEGERS, -2)),
    **pair("remainder", lambda r: call(INTEGERS, 3), lambda r: call(matrix(r), -0.7)),
    **pair("fmod", lambda r: call(INTEGERS, 3), lambda r: call(matrix(r), 0.7)),
    **pair("pow", lambda r: call(positive(r), 1.7), lambda r: call(matrix(r), 2),
           lambda r: call(r.uniform(0.5, 2, (2, 3)), matrix(r, 2, 3))),
    **pair("clamp", lambda r: call(matrix(r), -0.3, 0.4), lambda r: call(HALVES, min=-0.5, max=1.5),
           lambda r: call(matrix(r), max=0.1)),
    **pair("clamp_min", lambda r: call(matrix(r), 0.1)),
    **pair("clamp_max", lambda r: call(matrix(r), 0.1)),
    **pair("lerp", lambda r: call(matrix(r, 2, 3), matrix(r, 2, 3), 0.3)),
    **pair("addcmul", lambda r: call(matrix(r, 2, 3), matrix(r, 2, 3), matrix(r, 2, 3), value=0.3)),
    **pair("addcdiv", lambda r: call(matrix(r, 2, 3), matrix(r, 2, 3), r.uniform(0.5, 2, (2, 3)), value=0.3)),
    **pair("nan_to_num", lambda r: call(BAD, 0.3, 7.5, -7.5), gradient=False),
    **pair("logical_and", _logic),
    **pair("logical_or", _logic),
    **pair("logical_xor", _logic),
    **pair("logical_not", lambda r: call(matrix(r) > 0)),
    **pair("bitwise_and", _bits),
    **pair("bitwise_or", _bits),
    **pair("bitwise_xor", _bits),
    **pair("bitwise_not", lambda r: call(matrix(r) > 0), lambda r: call(r.randint(-5, 5, 6).astype(np.int32))),
}  # fmt: skip
