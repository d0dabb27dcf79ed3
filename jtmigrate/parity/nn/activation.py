"""Activations as modules."""

import jittor as jt

from jtmigrate.parity import functional as F
from jtmigrate.parity.nn.module import Module


class _Elementwise(Module):
    """One without settings; `inplace` is accepted and means nothing."""

    def __init__(self, inplace: bool = False):
        super().__init__()
        self.inplace = inplace


class ReLU(_Elementwise):
    """x where positive, else 0."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.relu(input)


class ReLU6(_Elementwise):
    """x limited to [0, 6]."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.relu6(input)


class Hardsigmoid(_Elementwise):
    """x / 6 + 1 / 2 limited to [0, 1]."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.hardsigmoid(input)


class Hardswish(_Elementwise):
    """x * hardsigmoid(x)."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.hardswish(input)


class SiLU(_Elementwise):
    """x * sigmoid(x)."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.silu(input)


class Mish(_Elementwise):
    """x * tanh(softplus(x))."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.mish(input)


class SELU(_Elementwise):
    """elu scaled so that layers keep mean 0 and variance 1."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.selu(input)


class Tanh(Module):
    """Hyperbolic tangent."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.tanh(input)


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.sigmoid(input)


class LogSigmoid(Module):
    """log(sigmoid(x))."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.logsigmoid(input)


class Softsign(Module):
    """x / (1 + |x|)."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.softsign(input)


class Tanhshrink(Module):
    """x - tanh(x)."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.tanhshrink(input)


class LeakyReLU(Module):
    """x where positive, else negative_slope * x."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False):
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def execute(self, input: jt.Var) -> jt.Var:
        return F.leaky_relu(input, self.negative_slope)


class ELU(Module):
    """x where positive, else alpha * (exp(x) - 1)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False):
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def execute(self, input: jt.Var) -> jt.Var:
        return F.elu(input, self.alpha)


class CELU(Module):
    """x where positive, else alpha * (exp(x / alpha) - 1)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False):
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def execute(self, input: jt.Var) -> jt.Var:
        return F.celu(input, self.alpha)


class GELU(Module):
    """x times the normal distribution's probability below x."""

    def __init__(self, approximate: str = "none"):
        super().__init__()
        self.approximate = approximate

    def execute(self, input: jt.Var) -> jt.Var:
        return F.gelu(input, self.approximate)


class GLU(Module):
    """The first half times the sigmoid of the second."""

    def __init__(self, dim: int = -1):
        super().__init__()
        self.dim = dim

    def execute(self, input: jt.Var) -> jt.Var:
        return F.glu(input, self.dim)


class Softplus(Module):
    """log(1 + exp(beta * x)) / beta."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0):
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def execute(self, input: jt.Var) -> jt.Var:
        return F.softplus(input, self.beta, self.threshold)


class Hardshrink(Module):
    """x outside [-lambd, lambd], else 0."""

    def __init__(self, lambd: float = 0.5):
        super().__init__()
        self.lambd = lambd

    def execute(self, input: jt.Var) -> jt.Var:
        return F.hardshrink(input, self.lambd)


class Softshrink(Module):
    """x moved by lambd towards 0."""

    def __init__(self, lambd: float = 0.5):
        super().__init__()
        self.lambd = lambd

    def execute(self, input: jt.Var) -> jt.Var:
        return F.softshrink(input, self.lambd)


class Hardtanh(Module):
    """x limited to [min_val, max_val]."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False):
        super().__init__()
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace

    def execute(self, input: jt.Var) -> jt.Var:
        return F.hardtanh(input, self.min_val, self.max_val)


class Threshold(Module):
    """x above the threshold, else value."""

    def __init__(self, threshold: float, value: float, inplace: bool = False):
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def execute(self, input: jt.Var) -> jt.Var:
        return F.threshold(input, self.threshold, self.value)


class Softmax(Module):
    """exp(x) normalised to sum 1 along `dim`."""

    def __init__(self, dim: int | None = None):
        super().__init__()
        self.dim = dim

    def execute(self, input: jt.Var) -> jt.Var:
        return F.softmax(input, self.dim)


class LogSoftmax(Module):
    """log(softmax(x)) along `dim`."""

    def __init__(self, dim: int | None = None):
        super().__init__()
        self.dim = dim

    def execute(self, input: jt.Var) -> jt.Var:
        return F.log_softmax(input, self.dim)


class Softmin(Module):
    """softmax(-x) along `dim`."""

    def __init__(self, dim: int | None = None):
        super().__init__()
        self.dim = dim

    def execute(self, input: jt.Var) -> jt.Var:
        return F.softmin(input, self.dim)


class RReLU(Module):
    """LeakyReLU with a slope drawn from [lower, upper] in training, their mean in evaluation."""

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False):
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def execute(self, input: jt.Var) -> jt.Var:
        return F.rrelu(input, self.lower, self.upper, self.is_training())


class PReLU(Module):
    """x where positive, else weight * x, with one weight for all or one a channel."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25):
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = jt.init.constant((num_parameters,), "float32", init)

    def execute(self, input: jt.Var) -> jt.Var:
        return F.prelu(input, self.weight)


class Softmax2d(Module):
    """Softmax over the channels of (N, C, H, W) or (C, H, W)."""

    def execute(self, input: jt.Var) -> jt.Var:
        return F.softmax(input, -3)
