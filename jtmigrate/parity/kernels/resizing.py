"""Bilinear interpolation."""

import jittor as jt

from jtmigrate.parity.kernels.call import call

FORWARD = """
kernels::bilinear(
    in0_p, out0_p, in0_shape0 * in0_shape1, in0_shape2, in0_shape3, out0_shape2, out0_shape3);
"""
BACKWARD = """
kernels::bilinear_backward(
    in0_p, out0_p, in0_shape0 * in0_shape1, out0_shape2, out0_shape3, in0_shape2, in0_shape3);
"""


class Bilinear(jt.Function):
    """(N, C, H, W) -> (N, C, *size), corners not aligned."""

    def __init__(self, size: tuple[int, int]):
        super().__init__()
        self.size = size

    def execute(self, x: jt.Var) -> jt.Var:
        self.shape = tuple(x.shape)
        return call([(*x.shape[:2], *self.size)], [x], "resizing", FORWARD)[0]

    def grad(self, dy: jt.Var) -> jt.Var:
        return call([self.shape], [dy], "resizing", BACKWARD)[0]
