"""Convolution of each channel by a kernel of its own."""

import jittor as jt

from jtmigrate.parity.kernels.call import call
from jtmigrate.parity.kernels.normalization import Recall

KERNELS, STRIDES = (3, 5, 7), (1, 2)
"""The sizes and steps there are, alike in both directions."""

WINDOW = """
const kernels::Window window{@K, @S, long(data["padding"])};
"""
FORWARD = """
const kernels::Plane inputs{in0_shape2, in0_shape3}, outputs{out0_shape2, out0_shape3};
kernels::depthwise<@K, @S>(in0_p, in1_p, in0_shape0, in0_shape1, inputs, outputs, window,
    [&](long plane, long row, long column, kernels::Vec value, long count) {
        kernels::store_some(out0_p + plane * outputs.size() + row * outputs.width + column, value, count);
    });
"""
BY_X = """
const kernels::Plane inputs{out0_shape2, out0_shape3}, outputs{in0_shape2, in0_shape3};
kernels::depthwise_by_x<@K>(in0_p, in1_p, out0_p, in0_shape0, in0_shape1, inputs, outputs, window);
"""
BY_WEIGHT = """
const kernels::Plane inputs{in1_shape2, in1_shape3}, outputs{in0_shape2, in0_shape3};
kernels::depthwise_by_weight<@K, @S>(in1_p, in0_p, out0_p, in0_shape0, in0_shape1, inputs, outputs, window);
"""


class DepthwiseConv2d(jt.Function):
    """x (N, C, H, W), weight (C, 1, K, K) -> (N, C, OH, OW)."""

    def __init__(self, stride: int, padding: int, recall: Recall):
        super().__init__()
        self.stride, self.padding, self.recall = stride, padding, recall

    def execute(self, x: jt.Var, weight: jt.Var) -> jt.Var:
        self.weight, self.shape = weight, tuple(x.shape)
        size = ((side + 2 * self.padding - weight.shape[3]) // self.stride + 1 for side in x.shape[2:])
        return self._call((*x.shape[:2], *size), [x, weight], FORWARD)

    def grad(self, dy: jt.Var) -> tuple[jt.Var, jt.Var]:
        return (
            self._call(self.shape, [dy, self.weight], BY_X),
            self._call(self.weight.shape, [dy, self.recall(dy)], BY_WEIGHT),
        )

    def _call(self, shape: tuple[int, ...], inputs: list[jt.Var], source: str) -> jt.Var:
        text = (WINDOW + source).replace("@K", str(self.weight.shape[3])).replace("@S", str(self.stride))
        return call([shape], inputs, "depthwise", text, padding=self.padding)[0]
