"""Pooling by square windows."""

import jittor as jt

from jtmigrate.parity.kernels.call import call

POOL = """
const kernels::Pool pool{
    long(data["taps"]), long(data["stride"]), long(data["padding"]), @x_shape2, @x_shape3, @y_shape2, @y_shape3};
"""
FORWARD = (
    (POOL + "kernels::max_pool(in0_p, out0_p, in0_shape0 * in0_shape1, pool);")
    .replace("@x", "in0")
    .replace("@y", "out0")
)
BACKWARD = (
    (POOL + "kernels::max_pool_backward(in0_p, in1_p, in2_p, out0_p, in0_shape0 * in0_shape1, pool);")
    .replace("@x", "in1")
    .replace("@y", "in0")
)


class MaxPool2d(jt.Function):
    """The largest value of each window: (N, C, H, W) -> (N, C, OH, OW). A window lies at least partly on the image."""

    def __init__(self, taps: int, stride: int, padding: int):
        super().__init__()
        self.window = {"taps": taps, "stride": stride, "padding": padding}

    def execute(self, x: jt.Var) -> jt.Var:
        taps, stride, padding = self.window.values()
        size = ((side + 2 * padding - taps) // stride + 1 for side in x.shape[2:])
        y = call([(*x.shape[:2], *size)], [x], "pooling", FORWARD, **self.window)[0]
        self.saved = x, y
        return y

    def grad(self, dy: jt.Var) -> jt.Var:
        return call([self.saved[0].shape], [dy, *self.saved], "pooling", BACKWARD, **self.window)[0]
