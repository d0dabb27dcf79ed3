"""`torch.nn.init` in Jittor: the same distributions, assigned into the tensor. It is returned and stays trainable."""

import math

import jittor as jt
import numpy as np

from jtmigrate.parity.ops.creation import randn_like
from jtmigrate.parity.ops.inplace import assign, fill_, normal_, uniform_

__all__ = [
    "calculate_gain", "constant_", "dirac_", "eye_", "kaiming_normal_", "kaiming_uniform_", "normal_", "ones_",
    "orthogonal_", "sparse_", "trunc_normal_", "uniform_", "xavier_normal_", "xavier_uniform_", "zeros_",
]  # fmt: skip

constant_ = fill_


def ones_(tensor: jt.Var) -> jt.Var:
    """All 1."""
    return fill_(tensor, 1.0)


def zeros_(tensor: jt.Var) -> jt.Var:
    """All 0."""
    return fill_(tensor, 0.0)


def eye_(tensor: jt.Var) -> jt.Var:
    """(n, m) with ones on the diagonal."""
    return _assign(tensor, np.eye(*tensor.shape))


def dirac_(tensor: jt.Var, groups: int = 1) -> jt.Var:
    """Weights of a convolution that hands its input through, each group for itself."""
    values = np.zeros(tuple(tensor.shape))
    outputs = tensor.shape[0] // groups
    center = tuple(size // 2 for size in tensor.shape[2:])
    for group in range(groups):
        for channel in range(min(outputs, tensor.shape[1])):
            values[(group * outputs + channel, channel, *center)] = 1
    return _assign(tensor, values)


def trunc_normal_(tensor: jt.Var, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0) -> jt.Var:
    """Normal, drawn again where it falls outside [a, b]."""
    low, high = ((1 + math.erf((bound - mean) / std / math.sqrt(2))) / 2 for bound in (a, b))
    # Uniform between the two probabilities, through the inverse of the normal distribution.
    inside = jt.random(tensor.shape) * (2 * (high - low)) + (2 * low - 1)
    # Jittor's random numbers can be 1, whose inverse is infinite.
    values = jt.erfinv(jt.minimum(jt.maximum(inside, -0.9999999), 0.9999999)) * (std * math.sqrt(2)) + mean
    return assign(tensor, jt.minimum(jt.maximum(values, a), b).stop_grad())


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much a nonlinearity shrinks the deviation. Raises ValueError for one that is not known."""
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    known = {"sigmoid": 1.0, "linear": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 0.75}
    if nonlinearity not in known and not nonlinearity.startswith("conv"):
        raise ValueError(f"calculate_gain: {nonlinearity!r} is not one of leaky_relu, conv..., {', '.join(known)}")
    return known.get(nonlinearity, 1.0)


def xavier_uniform_(tensor: jt.Var, gain: float = 1.0) -> jt.Var:
    """Uniform with the deviation gain * sqrt(2 / (inputs + outputs))."""
    limit = math.sqrt(3) * _xavier_std(tensor, gain)
    return uniform_(tensor, -limit, limit)


def xavier_normal_(tensor: jt.Var, gain: float = 1.0) -> jt.Var:
    """Normal with the deviation gain * sqrt(2 / (inputs + outputs))."""
    return normal_(tensor, 0.0, _xavier_std(tensor, gain))


def kaiming_uniform_(tensor: jt.Var, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> jt.Var:
    """Uniform with the deviation gain / sqrt(inputs), or outputs for mode "fan_out"."""
    limit = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -limit, limit)


def kaiming_normal_(tensor: jt.Var, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> jt.Var:
    """Normal with the deviation gain / sqrt(inputs), or outputs for mode "fan_out"."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity))


def orthogonal_(tensor: jt.Var, gain: float = 1) -> jt.Var:
    """Rows, or columns if there are fewer of them, at right angles and of length `gain`; later dimensions are one."""
    rows = tensor.shape[0]
    drawn = randn_like(tensor).numpy().reshape(rows, -1)
    wide = drawn.shape[1] > rows
    q, r = np.linalg.qr(drawn.T if wide else drawn)
    q = q * np.sign(np.diag(r))
    return _assign(tensor, gain * (q.T if wide else q).reshape(tuple(tensor.shape)))


def sparse_(tensor: jt.Var, sparsity: float, std: float = 0.01) -> jt.Var:
    """A normal matrix with a fraction of each column 0."""
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    values = randn_like(tensor).numpy() * std
    order = np.argsort(randn_like(tensor).numpy(), 0)[:zeros]
    values[order, np.arange(columns)] = 0
    return _assign(tensor, values)


def _assign(tensor: jt.Var, values: np.ndarray) -> jt.Var:
    return assign(tensor, jt.array(values.astype(str(tensor.dtype))).stop_grad())


def _fans(tensor: jt.Var) -> tuple[int, int]:
    """Inputs and outputs of a weight (outputs, inputs, ...). Raises ValueError for vectors."""
    if tensor.ndim < 2:
        raise ValueError(f"a weight has two dimensions at least, not the shape {list(tensor.shape)}")
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def _xavier_std(tensor: jt.Var, gain: float) -> float:
    return gain * math.sqrt(2 / sum(_fans(tensor)))


def _kaiming_std(tensor: jt.Var, a: float, mode: str, nonlinearity: str) -> float:
    fan = _fans(tensor)[("fan_in", "fan_out").index(mode)]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)
