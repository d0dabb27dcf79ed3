"""Methods that change their tensor. Each assigns the new value into x and returns x.

What was computed from x before keeps the old value, and so does a view: Jittor's slices share nothing with their base.
Write `x[...] = value` to change a part.
"""

from collections.abc import Callable
from typing import Any

import jittor as jt

from jtmigrate.parity.functional.numerics import scalar
from jtmigrate.parity.ops import compare, index, pointwise, shape
from jtmigrate.parity.ops.creation import rand_like, randint_like, randn_like

__all__ = [
    "abs_", "add_", "addcdiv_", "addcmul_", "bernoulli_", "ceil_", "clamp_", "clamp_max_", "clamp_min_", "copy_",
    "div_", "exp_", "fill_", "floor_", "index_add_", "index_copy_", "index_fill_", "lerp_", "log_", "masked_fill_",
    "masked_scatter_", "mul_", "neg_", "normal_", "pow_", "random_", "reciprocal_", "relu_", "remainder_", "round_",
    "rsqrt_", "scatter_", "scatter_add_", "sigmoid_", "sqrt_", "squeeze_", "sub_", "t_", "tanh_", "transpose_", "tril_",
    "triu_", "trunc_", "uniform_", "unsqueeze_", "zero_",
]  # fmt: skip


def assign(x: jt.Var, value: jt.Var) -> jt.Var:
    """x with this value, in its own dtype. What was trained before stays so, under `jt.no_grad()` too."""
    trained = not x.is_stop_grad()
    x.assign(value if value.dtype == x.dtype else value.cast(x.dtype))
    if trained and x.is_stop_grad():
        x.start_grad()
    return x


def _in_place(function: Callable[..., jt.Var]) -> Callable[..., jt.Var]:
    """The same function, which assigns its result into the first argument."""

    def assigning(x: jt.Var, *args: Any, **kwargs: Any) -> jt.Var:
        return assign(x, function(x, *args, **kwargs))

    assigning.__doc__ = f"{function.__doc__} Assigned into x."
    return assigning


abs_ = _in_place(pointwise.abs)
add_ = _in_place(pointwise.add)
addcdiv_ = _in_place(pointwise.addcdiv)
addcmul_ = _in_place(pointwise.addcmul)
ceil_ = _in_place(jt.ceil)
clamp_ = _in_place(pointwise.clamp)
clamp_max_ = _in_place(pointwise.clamp_max)
clamp_min_ = _in_place(pointwise.clamp_min)
div_ = _in_place(pointwise.div)
exp_ = _in_place(jt.exp)
floor_ = _in_place(jt.floor)
index_add_ = _in_place(index.index_add)
index_copy_ = _in_place(index.index_copy)
index_fill_ = _in_place(index.index_fill)
lerp_ = _in_place(pointwise.lerp)
log_ = _in_place(jt.log)
masked_fill_ = _in_place(compare.masked_fill)
masked_scatter_ = _in_place(index.masked_scatter)
mul_ = _in_place(pointwise.mul)
neg_ = _in_place(jt.negative)
pow_ = _in_place(pointwise.pow)
reciprocal_ = _in_place(pointwise.reciprocal)
relu_ = _in_place(jt.nn.relu)
remainder_ = _in_place(pointwise.remainder)
round_ = _in_place(pointwise.round)
rsqrt_ = _in_place(pointwise.rsqrt)
scatter_ = _in_place(index.scatter)
scatter_add_ = _in_place(index.scatter_add)
sigmoid_ = _in_place(pointwise.sigmoid)
sqrt_ = _in_place(jt.sqrt)
squeeze_ = _in_place(shape.squeeze)
sub_ = _in_place(pointwise.sub)
t_ = _in_place(shape.t)
tanh_ = _in_place(jt.tanh)
transpose_ = _in_place(jt.transpose)
tril_ = _in_place(jt.tril)
triu_ = _in_place(jt.triu)
trunc_ = _in_place(pointwise.trunc)
unsqueeze_ = _in_place(jt.unsqueeze)


def zero_(x: jt.Var) -> jt.Var:
    """All 0."""
    return assign(x, jt.zeros_like(x))


def fill_(x: jt.Var, value: "float | jt.Var") -> jt.Var:
    """All `value`."""
    filled = value.broadcast(x.shape) if isinstance(value, jt.Var) else jt.zeros_like(x) + scalar(value, x)
    return assign(x, filled)


def copy_(x: jt.Var, src: jt.Var) -> jt.Var:
    """The values of `src`, which broadcasts."""
    return assign(x, src.broadcast(x.shape))


def uniform_(x: jt.Var, a: float = 0.0, b: float = 1.0) -> jt.Var:
    """Uniform in [a, b)."""
    return assign(x, (rand_like(x) * (b - a) + a).stop_grad())


def normal_(x: jt.Var, mean: float = 0.0, std: float = 1.0) -> jt.Var:
    """Normal."""
    return assign(x, (randn_like(x) * std + mean).stop_grad())


def bernoulli_(x: jt.Var, p: float = 0.5) -> jt.Var:
    """1 with probability p, else 0."""
    return assign(x, (rand_like(x, dtype="float32") < p).stop_grad())


def random_(x: jt.Var, low: int, high: int) -> jt.Var:
    """Whole numbers in [low, high)."""
    return assign(x, randint_like(x, low, high).stop_grad())
