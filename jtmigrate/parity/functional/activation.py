"""Activations."""

import math

import jittor as jt

from jtmigrate.parity import kernels
from jtmigrate.parity.functional.numerics import draw, dtype_name, log1p, scalar
from jtmigrate.parity.kernels.activation import LeakyReLU, LogSoftmax, Sigmoid, Softmax, Softplus
from jtmigrate.parity.kernels.normalization import leaky

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def relu(input: jt.Var, inplace: bool = False) -> jt.Var:
    """x where positive, else 0."""
    return jt.nn.relu(input)


def leaky_relu(input: jt.Var, negative_slope: float = 0.01, inplace: bool = False) -> jt.Var:
    """x where positive, else negative_slope * x."""
    if negative_slope > 0 and kernels.apply_to(input):
        y = leaky(input, negative_slope)
        return LeakyReLU(negative_slope)(input) if y is None else y
    return jt.ternary(input > 0, input, input * scalar(negative_slope, input))


def rrelu(
    input: jt.Var, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False
) -> jt.Var:
    """leaky_relu with the mean slope; in training with one drawn for every element."""
    if not training:
        return leaky_relu(input, (lower + upper) / 2)
    slope = draw(input.shape, input) * scalar(upper - lower, input) + scalar(lower, input)
    return jt.ternary(input > 0, input, input * slope)


def prelu(input: jt.Var, weight: jt.Var) -> jt.Var:
    """x where positive, else weight * x; weight (1,) or one a channel: (C,) for (N, C, ...)."""
    slope = weight
    if weight.numel() > 1:
        slope = weight.reshape((1, -1) + (1,) * (input.ndim - 2))
    return jt.ternary(input > 0, input, input * slope.broadcast(input.shape))


def hardtanh(input: jt.Var, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> jt.Var:
    """x limited to [min_val, max_val]; the gradient at the limits themselves is 0."""
    zero = input * 0
    below = jt.ternary(input < scalar(max_val, input), input, zero + scalar(max_val, input))
    return jt.ternary(input > scalar(min_val, input), below, zero + scalar(min_val, input))


def relu6(input: jt.Var, inplace: bool = False) -> jt.Var:
    """x limited to [0, 6]."""
    return hardtanh(input, 0.0, 6.0)


def hardsigmoid(input: jt.Var, inplace: bool = False) -> jt.Var:
    """x / 6 + 1 / 2 limited to [0, 1]."""
    return hardtanh(input, -3.0, 3.0) * scalar(1 / 6, input) + 0.5


def hardswish(input: jt.Var, inplace: bool = False) -> jt.Var:
    """x * hardsigmoid(x)."""
    return input * hardsigmoid(input)


def hardshrink(input: jt.Var, lambd: float = 0.5) -> jt.Var:
    """x outside [-lambd, lambd], else 0."""
    limit = scalar(lambd, input)
    return jt.ternary((input > limit) | (input < -limit), input, input * 0)


def softshrink(input: jt.Var, lambd: float = 0.5) -> jt.Var:
    """x moved by lambd towards 0, and 0 within [-lambd, lambd]."""
    limit = scalar(lambd, input)
    return jt.ternary(input > limit, input - limit, jt.ternary(input < -limit, input + limit, input * 0))


def tanhshrink(input: jt.Var) -> jt.Var:
    """x - tanh(x)."""
    return input - input.tanh()


def threshold(input: jt.Var, threshold: float, value: float, inplace: bool = False) -> jt.Var:
    """x above the threshold, else value."""
    return jt.ternary(input > scalar(threshold, input), input, input * 0 + scalar(value, input))


def tanh(input: jt.Var) -> jt.Var:
    """Hyperbolic tangent."""
    return input.tanh()


def softsign(input: jt.Var) -> jt.Var:
    """x / (1 + |x|)."""
    return input / (input.abs() + 1)


def sigmoid(input: jt.Var) -> jt.Var:
    """1 / (1 + exp(-x)) without Jittor's floor of 9.4e-14."""
    if kernels.apply_to(input):
        return Sigmoid()(input)
    e = _exp_of_minus_abs(input)
    return jt.ternary(input >= 0, e * 0 + 1, e) / (e + 1)


def silu(input: jt.Var, inplace: bool = False) -> jt.Var:
    """x * sigmoid(x)."""
    return input * sigmoid(input)


def softplus(input: jt.Var, beta: float = 1.0, threshold: float = 20.0) -> jt.Var:
    """log(1 + exp(beta * x)) / beta; x itself where beta * x is above the threshold."""
    if beta == 1 and threshold >= 20 and kernels.apply_to(input):
        return Softplus()(input)
    scaled = input if beta == 1 else input * scalar(beta, input)
    smooth = jt.ternary(scaled >= 0, scaled, scaled * 0) + log1p(_exp_of_minus_abs(scaled))
    if beta == 1 and threshold >= 20:
        return smooth
    return jt.ternary(scaled > scalar(threshold, input), input, smooth * scalar(1 / beta, input))


def logsigmoid(input: jt.Var) -> jt.Var:
    """log(sigmoid(x)) without Jittor's floor of -30."""
    return -softplus(-input)


def mish(input: jt.Var, inplace: bool = False) -> jt.Var:
    """x * tanh(softplus(x))."""
    return input * softplus(input).tanh()


def gelu(input: jt.Var, approximate: str = "none") -> jt.Var:
    """x times the normal distribution's probability below x; "tanh" approximates it."""
    if approximate == "tanh":
        cubic = (input + input * input * input * scalar(0.044715, input)) * scalar(math.sqrt(2 / math.pi), input)
        return input * (cubic.tanh() + 1) * 0.5
    if approximate != "none":
        raise ValueError(f"gelu: approximate is 'none' or 'tanh', not {approximate!r}")
    density = jt.exp(input * input * -0.5) * scalar(1 / math.sqrt(2 * math.pi), input)
    below = (jt.erf(input * scalar(math.sqrt(0.5), input)) + 1) * 0.5
    # Jittor's gradient of erf has a constant in float32; this term is 0, and its gradient is the density.
    return input * (below.stop_grad() + (input - input.detach()) * density.stop_grad())


def elu(input: jt.Var, alpha: float = 1.0, inplace: bool = False) -> jt.Var:
    """x where positive, else alpha * (exp(x) - 1)."""
    return jt.ternary(input > 0, input, _exp_below(input) * scalar(alpha, input))


def celu(input: jt.Var, alpha: float = 1.0, inplace: bool = False) -> jt.Var:
    """x where positive, else alpha * (exp(x / alpha) - 1)."""
    return jt.ternary(input > 0, input, _exp_below(input * scalar(1 / alpha, input)) * scalar(alpha, input))


def selu(input: jt.Var, inplace: bool = False) -> jt.Var:
    """elu scaled so that layers keep mean 0 and variance 1."""
    return elu(input, SELU_ALPHA) * scalar(SELU_SCALE, input)


def glu(input: jt.Var, dim: int = -1) -> jt.Var:
    """The first half along `dim` times the sigmoid of the second."""
    half = input.shape[dim] // 2
    before = (slice(None),) * (dim % input.ndim)
    return input[(*before, slice(0, half))] * sigmoid(input[(*before, slice(half, 2 * half))])


def softmax(input: jt.Var, dim: int | None = None, dtype: str | None = None) -> jt.Var:
    """exp(x) normalised to sum 1 along `dim`. Jittor's own takes all elements together where `dim` is not given."""
    x = input if dtype is None else input.cast(dtype_name(dtype))
    dim = _implicit_dim(x) if dim is None else dim
    if dim in (-1, x.ndim - 1) and kernels.apply_to(x):
        return Softmax()(x)
    e = jt.exp(x - x.max(dim, keepdims=True).stop_grad())
    return e / e.sum(dim, keepdims=True)


def log_softmax(input: jt.Var, dim: int | None = None, dtype: str | None = None) -> jt.Var:
    """log(softmax(x)) along `dim`."""
    x = input if dtype is None else input.cast(dtype_name(dtype))
    dim = _implicit_dim(x) if dim is None else dim
    if dim in (-1, x.ndim - 1) and kernels.apply_to(x):
        return LogSoftmax()(x)
    # On its own: one kernel for all of it would compute x - (max + log), which loses the digits that a large max has.
    shifted = (x - x.max(dim, keepdims=True).stop_grad()).stop_fuse()
    return shifted - jt.log(jt.exp(shifted).sum(dim, keepdims=True))


def softmin(input: jt.Var, dim: int | None = None, dtype: str | None = None) -> jt.Var:
    """softmax(-x) along `dim`."""
    return softmax(-input, dim, dtype)


def gumbel_softmax(logits: jt.Var, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> jt.Var:
    """A sample of the categories along `dim`, differentiable; one-hot in the forward pass where `hard`."""
    gumbels = -jt.log(-jt.log(draw(logits.shape, logits).maximum(1e-30)))
    soft = softmax((logits + gumbels) * scalar(1 / tau, logits), dim)
    if not hard:
        return soft
    chosen = (soft == soft.max(dim, keepdims=True)).cast(soft.dtype)
    return (chosen - soft).stop_grad() + soft


def _exp_of_minus_abs(x: jt.Var) -> jt.Var:
    return jt.exp(jt.ternary(x >= 0, -x, x))


def _exp_below(x: jt.Var) -> jt.Var:
    """exp(x) - 1 where x is negative, else 0: no overflow, whose gradient would be NaN."""
    return jt.exp(jt.ternary(x > 0, x * 0, x)) - 1


def _implicit_dim(x: jt.Var) -> int:
    """PyTorch's choice where none is given."""
    return 0 if x.ndim in (0, 1, 3) else 1
