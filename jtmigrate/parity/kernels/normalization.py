"""Normalisation by statistics of the batch, or of groups of channels, and the LeakyReLU that follows one.

Both are differentiated in one pass over memory where nothing but the LeakyReLU uses the normalisation's output. Nobody
asks for the gradient in between then, and Jittor computes nothing that nobody asks for.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jittor as jt

from jtmigrate.parity.kernels.activation import leaky_relu, leaky_relu_backward
from jtmigrate.parity.kernels.call import call

IMAGES = "const long images = in0_shape0, channels = in0_shape1, pixels = in0_shape2 * in0_shape3;\n"
BATCH = """
kernels::batch_norm(in0_p, in1_p, in2_p, out0_p, out1_p, out2_p, images, channels, pixels, data["eps"]);
"""
BATCH_AGAIN = """
kernels::batch_norm_again(
    in0_p, in1_p, in2_p, in3_p, in4_p, out0_p, images, channels, pixels, data["eps"], data["slope"]);
"""
BATCH_BACKWARD = """
kernels::batch_norm_backward(in0_p, in1_p, in2_p, in3_p, in4_p, in5_p, out0_p, out1_p, out2_p,
    images, channels, pixels, data["eps"], data["slope"]);
"""
GROUP = """
kernels::group_norm(
    in0_p, in1_p, in2_p, out0_p, out1_p, out2_p, images, channels, pixels, out1_shape1, data["eps"]);
"""
GROUP_AGAIN = """
kernels::group_norm_again(
    in0_p, in1_p, in2_p, in3_p, in4_p, out0_p, images, channels, pixels, in1_shape1, data["slope"]);
"""
GROUP_BACKWARD = """
kernels::group_norm_backward(in0_p, in1_p, in2_p, in3_p, in4_p, in5_p, out0_p, out1_p, out2_p,
    images, channels, pixels, in2_shape1, data["slope"]);
"""


class _Norm(jt.Function):
    """x (N, C, H, W), weight (C,), bias (C,) -> (N, C, H, W). After the call, `statistics` are what it was taken by."""

    forward: str
    recomputed: str
    backward: str

    def __init__(self, eps: float):
        super().__init__()
        self.eps = eps
        self.behind_leaky: _BehindLeaky | None = None

    def execute(self, x: jt.Var, weight: jt.Var, bias: jt.Var) -> jt.Var:
        statistics = self.shape_of_statistics(x)
        y, *self.statistics = self._call([x.shape, statistics, statistics], [x, weight, bias], self.forward)
        self.saved = x, *self.statistics, weight, bias
        return y

    def shape_of_statistics(self, x: jt.Var) -> tuple[int, ...]:
        """Of the mean, and of what stands beside it."""
        raise NotImplementedError

    def again(self, slope: float, after: jt.Var) -> jt.Var:
        """The output once more, then LeakyReLU of the slope, 1 for none; not computed before `after` is there."""
        return self._call([self.saved[0].shape], [*self.saved, after], self.recomputed, slope=slope)[0]

    def grad(self, dy: jt.Var) -> tuple[jt.Var, ...]:
        slope, behind, self.behind_leaky = 1.0, self.behind_leaky, None
        if behind is not None and behind.id == dy.id:  # Else other users of the output have added theirs.
            dy, slope = behind.dz, behind.slope
        channels = (dy.shape[1],)
        return tuple(self._call([dy.shape, channels, channels], [dy, *self.saved], self.backward, slope=slope))

    def _call(
        self, shapes: Sequence[Sequence[int]], inputs: Sequence[jt.Var], source: str, **numbers: float
    ) -> list[jt.Var]:
        return call(shapes, inputs, "normalization", IMAGES + source, eps=self.eps, **numbers)


class _BatchNorm(_Norm):
    forward, recomputed, backward = BATCH, BATCH_AGAIN, BATCH_BACKWARD

    def shape_of_statistics(self, x: jt.Var) -> tuple[int, ...]:
        return (x.shape[1],)


class _GroupNorm(_Norm):
    forward, recomputed, backward = GROUP, GROUP_AGAIN, GROUP_BACKWARD

    def __init__(self, eps: float, groups: int):
        super().__init__(eps)
        self.groups = groups

    def shape_of_statistics(self, x: jt.Var) -> tuple[int, ...]:
        return (x.shape[0], self.groups)


class _BehindLeaky(NamedTuple):
    """The gradient behind the LeakyReLU, and the id of the one in front of it."""

    id: int
    dz: jt.Var
    slope: float


class _LeakyReLU(jt.Function):
    """LeakyReLU of a normalisation's output, which is told the gradient behind it too.

    It keeps no Var: Jittor would compute what is kept.
    """

    def __init__(self, norm: _Norm, slope: float):
        super().__init__()
        self.norm, self.slope = norm, slope

    def execute(self, y: jt.Var) -> jt.Var:
        return leaky_relu(y, self.slope)

    def grad(self, dz: jt.Var) -> jt.Var:
        dy = leaky_relu_backward(dz, self.norm.again(self.slope, dz), self.slope)
        self.norm.behind_leaky = _BehindLeaky(dy.id, dz, self.slope)
        return dy


class BatchNorm:
    """What `jtmigrate.parity.normalization.BatchNorm` computes over one process's batch, to the same bits.

    After the call, `mean` and `var` (C,) are the batch's, var biased.
    """

    def __init__(self, eps: float):
        self.eps = eps

    def __call__(self, x: jt.Var, weight: jt.Var, bias: jt.Var) -> jt.Var:
        norm = _BatchNorm(self.eps)
        y = _noted(norm, x, weight, bias)
        self.mean, self.var = norm.statistics
        return y

    def count(self, x: jt.Var) -> int:
        """Values a channel in the whole batch."""
        return x.numel() // x.shape[1]


def group_norm(x: jt.Var, groups: int, weight: jt.Var, bias: jt.Var, eps: float) -> jt.Var:
    """(N, C, H, W), each group of channels by its own statistics; weight and bias (C,)."""
    return _noted(_GroupNorm(eps, groups), x, weight, bias)


def leaky(y: jt.Var, slope: float) -> jt.Var | None:
    """LeakyReLU of a normalisation's output, differentiated together with it; None if `y` is none, or no longer is."""
    origin = _origin(y)
    if origin is None or origin.slope != 1:
        return None
    z = _LeakyReLU(origin.norm, slope)(y)
    z.origin = _Origin(z.id, origin.norm, slope)
    return z


class Recall:
    """A Var for the way back. A normalisation's output is not kept: computing it anew costs less than its memory."""

    def __init__(self, y: jt.Var):
        origin = _origin(y)
        same = y.detach() if origin is None else None  # `y += x` later on does not reach it.
        self._again: Callable[[jt.Var], jt.Var] = lambda after: (
            same if origin is None else origin.norm.again(origin.slope, after)
        )

    def __call__(self, after: jt.Var) -> jt.Var:
        """Its value, not computed before `after`."""
        return self._again(after)


class _Origin(NamedTuple):
    """How a Var came about: by a normalisation, and a LeakyReLU of this slope; 1 is none."""

    id: int
    norm: _Norm
    slope: float


def _noted(norm: _Norm, x: jt.Var, weight: jt.Var, bias: jt.Var) -> jt.Var:
    y = norm(x, weight, bias)
    y.origin = _Origin(y.id, norm, 1.0)
    return y


def _origin(y: jt.Var) -> _Origin | None:
    origin = getattr(y, "origin", None)
    # Whatever is assigned to a Var changes its id: `y += x`, `y[0] = 0`.
    return origin if origin is not None and origin.id == y.id else None
