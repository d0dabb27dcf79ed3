"""Activations, softmax, and layers that change nothing in evaluation mode."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Settings = Mapping[str, Any]
Arrays = Mapping[str, np.ndarray]
Activation = Callable[[np.ndarray, Settings], np.ndarray]

_erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)) without overflow."""
    return np.exp(-np.logaddexp(0, -x))


def leaky_relu(x: np.ndarray, settings: Settings) -> np.ndarray:
    """x where positive, else x times `negative_slope`."""
    return np.where(x > 0, x, x * settings.get("negative_slope", 0.01))


def elu(x: np.ndarray, settings: Settings) -> np.ndarray:
    """x where positive, else alpha * (exp(x) - 1)."""
    return np.where(x > 0, x, settings.get("alpha", 1.0) * np.expm1(np.minimum(x, 0)))


def gelu(x: np.ndarray, settings: Settings) -> np.ndarray:
    """x times the normal distribution function, or its approximation by tanh."""
    if settings.get("approximate", "none") == "tanh":
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + _erf(x / math.sqrt(2)))


def softplus(x: np.ndarray, settings: Settings) -> np.ndarray:
    """log(1 + exp(beta x)) / beta, x itself above the threshold."""
    beta, threshold = settings.get("beta", 1), settings.get("threshold", 20)
    return np.where(x * beta > threshold, x, np.logaddexp(0, x * beta) / beta)


def softmax(x: np.ndarray, settings: Settings) -> np.ndarray:
    """exp(x) over its sum along `dim`; None is every dimension, as in Jittor."""
    dim = settings.get("dim", -1)
    powers = np.exp(x - x.max(axis=dim, keepdims=True))
    return powers / powers.sum(axis=dim, keepdims=True)


def _prelu(inputs: Sequence[np.ndarray], state: Arrays, settings: Settings) -> np.ndarray:
    x, weight = inputs[0], state["weight"]
    slope = weight.reshape(-1, *(1,) * (x.ndim - 2)) if weight.size > 1 else weight
    return np.where(x > 0, x, x * slope)


ACTIVATIONS: dict[str, Activation] = {
    "Identity": lambda x, _: x,
    "ReLU": lambda x, _: np.maximum(x, 0),
    "LeakyReLU": leaky_relu,
    "ReLU6": lambda x, _: np.clip(x, 0, 6),
    "SiLU": lambda x, _: x * sigmoid(x),
    "GELU": gelu,
    "Sigmoid": lambda x, _: sigmoid(x),
    "Tanh": lambda x, _: np.tanh(x),
    "ELU": elu,
    "SELU": lambda x, _: 1.0507009873554805 * elu(x, {"alpha": 1.6732632423543772}),
    "Hardswish": lambda x, _: x * np.clip(x + 3, 0, 6) / 6,
    "Hardsigmoid": lambda x, _: np.clip(x + 3, 0, 6) / 6,
    "Hardtanh": lambda x, settings: np.clip(x, settings.get("min_val", -1.0), settings.get("max_val", 1.0)),
    "Mish": lambda x, _: x * np.tanh(np.logaddexp(0, x)),
    "Softplus": softplus,
    "Softsign": lambda x, _: x / (1 + np.abs(x)),
    "LogSigmoid": lambda x, _: -np.logaddexp(0, -x),
    "exp": lambda x, _: np.exp(x),
    "square": lambda x, _: x * x,
    "abs": lambda x, _: np.abs(x),
}
"""By PyTorch's class name; functions that have no class by numpy's. The likelier ones come first."""


def _layer(activation: Activation) -> Callable[[Sequence[np.ndarray], Arrays, Settings], np.ndarray]:
    return lambda inputs, state, settings: activation(inputs[0], settings)


LAYERS = {
    **{kind: _layer(activation) for kind, activation in ACTIVATIONS.items()},
    "Softmax": _layer(softmax),
    "LogSoftmax": _layer(lambda x, settings: np.log(softmax(x, settings))),
    "Dropout": _layer(lambda x, settings: x),
    "PReLU": _prelu,
}
