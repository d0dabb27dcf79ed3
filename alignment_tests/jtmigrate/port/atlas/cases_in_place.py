"""Methods that change their tensor. `check` compares what they return and the tensor afterwards."""

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import call
from alignment_tests.jtmigrate.port.atlas.cases_indexing import WITHOUT_REPEATS, masked, placed, slices
from alignment_tests.jtmigrate.port.atlas.drawing import matrix, method, one, positive, two

EVERYWHERE = ("abs_", "ceil_", "exp_", "floor_", "neg_", "relu_", "round_", "sigmoid_", "t_", "tanh_", "tril_", "triu_",
              "trunc_", "zero_")  # fmt: skip
ABOVE_0 = ("log_", "reciprocal_", "rsqrt_", "sqrt_")
FREE = {"values": False, "gradient": False}


def _three(random: np.random.RandomState, **named: object):
    return call(matrix(random, 2, 3), matrix(random, 2, 3), random.uniform(0.5, 2, (2, 3)), **named)


CASES = {
    **{key: cases for name in EVERYWHERE for key, cases in method(name, one).items()},
    **{key: cases for name in ABOVE_0 for key, cases in method(name, lambda r: call(positive(r))).items()},
    **method("add_", two, lambda r: call(matrix(r), 0.3), lambda r: call(matrix(r, 2, 3), matrix(r, 1, 3), alpha=0.1)),
    **method("sub_", two, lambda r: call(matrix(r), 0.3)),
    **method("mul_", two, lambda r: call(matrix(r), 0.3)),
    **method("div_", lambda r: call(matrix(r), 0.3)),
    **method("addcmul_", lambda r: _three(r, value=0.3)),
    **method("addcdiv_", lambda r: _three(r, value=0.3)),
    **method("clamp_", lambda r: call(matrix(r), -0.3, 0.4), lambda r: call(matrix(r), max=0.1)),
    **method("clamp_min_", lambda r: call(matrix(r), 0.1)),
    **method("clamp_max_", lambda r: call(matrix(r), 0.1)),
    **method("copy_", two, lambda r: call(matrix(r, 2, 3), matrix(r, 1, 3))),
    **method("fill_", lambda r: call(matrix(r), 0.3)),
    **method("index_add_", slices),
    **method("index_copy_", slices),
    **method("index_fill_", lambda r: call(matrix(r, 3, 4), 0, np.array([2, 0]), 0.3)),
    **method("lerp_", lambda r: call(matrix(r, 2, 3), matrix(r, 2, 3), 0.3)),
    **method("masked_fill_", lambda r: masked(r, 0.3)),
    **method("masked_scatter_", lambda r: masked(r, r.standard_normal(36))),
    **method("pow_", lambda r: call(positive(r), 1.7)),
    **method("remainder_", lambda r: call(matrix(r), 0.7)),
    **method("scatter_", placed(WITHOUT_REPEATS), lambda r: call(matrix(r, 3, 4), 1, WITHOUT_REPEATS, 0.3)),
    **method("scatter_add_", placed(WITHOUT_REPEATS)),
    **method("squeeze_", lambda r: call(matrix(r, 1, 3), 0)),
    **method("transpose_", lambda r: call(matrix(r), 0, 1)),
    **method("unsqueeze_", lambda r: call(matrix(r), 1)),
    **method("uniform_", one, lambda r: call(matrix(r), -1.0, 2.0), **FREE),
    **method("normal_", one, lambda r: call(matrix(r), mean=1.0, std=0.1), **FREE),
    **method("bernoulli_", lambda r: call(matrix(r), 0.3), **FREE),
    **method("random_", lambda r: call(matrix(r), 2, 9), **FREE),
}  # fmt: skip
