"""Convolution by a 1 x 1 kernel as a product of matrices."""

import jittor as jt

from jtmigrate.parity.kernels.call import call
from jtmigrate.parity.kernels.normalization import Recall

MULTIPLY = """
const long rows = out0_shape1, depth = in0_shape1, pixels = in0_shape2 * in0_shape3;
std::vector<float> packed(kernels::packed_size(rows, depth));
"""
FORWARD = (
    MULTIPLY
    + """
kernels::pack(in1_p, rows, depth, depth, 1, packed.data());
kernels::multiply(packed.data(), in0_p, out0_p, in0_shape0, rows, depth, pixels);
"""
)
BY_X = (
    MULTIPLY
    + """
kernels::pack(in1_p, rows, depth, 1, rows, packed.data());
kernels::multiply(packed.data(), in0_p, out0_p, in0_shape0, rows, depth, pixels);
"""
)
BY_WEIGHT = """
kernels::multiply_transposed(
    in0_p, in1_p, out0_p, in0_shape0, in0_shape1, in1_shape1, in0_shape2 * in0_shape3);
"""


class PointwiseConv2d(jt.Function):
    """x (N, C, H, W), weight (O, C, 1, 1) -> (N, O, H, W)."""

    def __init__(self, recall: Recall):
        super().__init__()
        self.recall = recall

    def execute(self, x: jt.Var, weight: jt.Var) -> jt.Var:
        self.weight, self.shape = weight, tuple(x.shape)
        shape = (x.shape[0], weight.shape[0], *x.shape[2:])
        return call([shape], [x, weight], "pointwise", FORWARD)[0]

    def grad(self, dy: jt.Var) -> tuple[jt.Var, jt.Var]:
        return (
            call([self.shape], [dy, self.weight], "pointwise", BY_X)[0],
            call([self.weight.shape], [dy, self.recall(dy)], "pointwise", BY_WEIGHT)[0],
        )
