"""Normalisation by statistics of the batch, or of groups of channels, together with the LeakyReLU that follows it.

The LeakyReLU costs nothing in the same pass over memory. `leaky` finds out by itself that its input is the output of a
normalisation. Jittor never computes what nobody asks for, so the output without LeakyReLU costs nothing either.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jittor as jt

from jtmigrate.parity.kernels.call import call

IMAGES = "const long images = in0_shape0, channels = in0_shape1, pixels = in0_shape2 * in0_shape3;\n"
BATCH_STATISTICS = IMAGES + "kernels::batch_statistics(in0_p, out0_p, out1_p, images, channels, pixels);"
BATCH = (
    IMAGES
    + """
kernels::batch_norm(
    in0_p, in1_p, in2_p, in3_p, in4_p, out0_p, images, channels, pixels, data["eps"], data["slope"]);
"""
)
BATCH_BACKWARD = (
    IMAGES
    + """
kernels::batch_norm_backward(in0_p, in1_p, in2_p, in3_p, in4_p, in5_p, out0_p, out1_p, out2_p,
    images, channels, pixels, data["eps"], data["slope"]);
"""
)
GROUP_STATISTICS = (
    IMAGES
    + """
kernels::group_statistics(in0_p, out0_p, out1_p, out0->num, channels / out0_shape1 * pixels, data["eps"]);
"""
)
GROUP = (
    IMAGES
    + """
kernels::group_norm(
    in0_p, in1_p, in2_p, in3_p, in4_p, out0_p, images, channels, pixels, in1_shape1, data["slope"]);
"""
)
GROUP_BACKWARD = (
    IMAGES
    + """
kernels::group_norm_backward(in0_p, in1_p, in2_p, in3_p, in4_p, in5_p, out0_p, out1_p, out2_p,
    images, channels, pixels, in2_shape1, data["slope"]);
"""
)


class _Norm(jt.Function):
    """x (N, C, H, W), weight (C,), bias (C,) -> (N, C, H, W), then LeakyReLU of the slope; 1 is none."""

    forward: str
    backward: str

    def __init__(self, eps: float, statistics: tuple[jt.Var, jt.Var], slope: float = 1.0):
        super().__init__()
        self.statistics, self.numbers = statistics, {"eps": eps, "slope": slope}

    def execute(self, x: jt.Var, weight: jt.Var, bias: jt.Var) -> jt.Var:
        self.saved = x, *self.statistics, weight, bias
        return self._output()

    def again(self, after: jt.Var) -> jt.Var:
        """The output computed once more, as soon as `after` is there and not before."""
        return self._output(after)

    def grad(self, dy: jt.Var) -> tuple[jt.Var, ...]:
        channels = (dy.shape[1],)
        shapes = [dy.shape, channels, channels]
        return tuple(call(shapes, [dy, *self.saved], "normalization", self.backward, **self.numbers))

    def _output(self, *after: jt.Var) -> jt.Var:
        inputs = [*self.saved, *after]
        return call([self.saved[0].shape], inputs, "normalization", self.forward, **self.numbers)[0]


class _BatchNorm(_Norm):
    forward, backward = BATCH, BATCH_BACKWARD


class _GroupNorm(_Norm):
    forward, backward = GROUP, GROUP_BACKWARD


class BatchNorm:
    """What `jtmigrate.parity.normalization.BatchNorm` computes over one process's batch, to the same bits.

    After the call, `mean` and `var` (C,) are the batch's, var biased.
    """

    def __init__(self, eps: float):
        self.eps = eps

    def __call__(self, x: jt.Var, weight: jt.Var, bias: jt.Var) -> jt.Var:
        channels = (x.shape[1],)
        statistics = call([channels, channels], [x.detach()], "normalization", BATCH_STATISTICS)
        self.mean, self.var = statistics
        return _noted(partial(_BatchNorm, self.eps, statistics), (x, weight, bias))

    def count(self, x: jt.Var) -> int:
        """Values a channel in the whole batch."""
        return x.numel() // x.shape[1]


def group_norm(x: jt.Var, groups: int, weight: jt.Var, bias: jt.Var, eps: float) -> jt.Var:
    """(N, C, H, W), each group of channels by its own statistics; weight and bias (C,)."""
    shape = (x.shape[0], groups)
    statistics = call([shape, shape], [x.detach()], "normalization", GROUP_STATISTICS, eps=eps)
    return _noted(partial(_GroupNorm, eps, statistics), (x, weight, bias))


def leaky(y: jt.Var, slope: float) -> jt.Var | None:
    """LeakyReLU of a normalisation's output in one pass with it; None if `y` is none, or no longer is."""
    origin = _origin(y)
    return None if origin is None or origin.slope != 1 else _noted(origin.kind, origin.inputs, slope)


def keep_apart(y: jt.Var) -> None:
    """Have the LeakyReLU that follows take `y` itself, so that `jt.grad(loss, y)` finds it on the way: else it is 0."""
    if hasattr(y, "origin"):
        y.origin = None


class Recall:
    """A Var for the way back. A normalisation's output is not kept: computing it anew costs less than its memory."""

    def __init__(self, y: jt.Var):
        origin = _origin(y)
        same = y.detach()  # `y += x` later on does not reach it.
        self._again = (lambda after: same) if origin is None else origin.function.again

    def __call__(self, after: jt.Var) -> jt.Var:
        """Its value, not computed before `after`."""
        return self._again(after)


class _Origin(NamedTuple):
    """How a Var came about: by which kind of normalisation, of what, and by a LeakyReLU of which slope; 1 is none."""

    ids: tuple[int, ...]
    kind: Callable[[float], _Norm]
    inputs: tuple[jt.Var, jt.Var, jt.Var]
    slope: float
    function: _Norm


def _noted(kind: Callable[[float], _Norm], inputs: tuple[jt.Var, jt.Var, jt.Var], slope: float = 1.0) -> jt.Var:
    function = kind(slope)
    y = function(*inputs)
    y.origin = _Origin(_ids(y, *inputs), kind, inputs, slope, function)
    return y


def _origin(y: jt.Var) -> _Origin | None:
    origin = getattr(y, "origin", None)
    # Computed anew, it would pass on gradients.
    if origin is None or y.is_stop_grad():
        return None
    return origin if origin.ids == _ids(y, *origin.inputs) else None


def _ids(*variables: jt.Var) -> tuple[int, ...]:
    """Whatever is assigned to a Var changes its id: `y += x`, `y[0] = 0`."""
    return tuple(variable.id for variable in variables)
