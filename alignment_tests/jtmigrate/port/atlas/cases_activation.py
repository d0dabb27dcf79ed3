"""Activations: each on numbers from far below to far above zero, of any shape."""

from collections.abc import Callable
from typing import Any

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import Call, Case, Random, call

MODULE, FUNCTION = "torch.nn.", "torch.nn.functional."
TORCH_ROUNDS = 1e-7
"""PyTorch's own gradient in float64 has a constant that is rounded to float32: 1 / 6, or alpha."""


def wide(random: Random) -> np.ndarray:
    """(N, C, L) from -30 to 30, most of it around 0."""
    x = random.standard_normal((random.randint(2, 4), 6, random.randint(2, 5))) * 2
    x.flat[:4] = [-30, 30, -1e-4, 1e-4]
    return x


def _module(*args: Any, **kwargs: Any) -> Callable[[Random], Call]:
    return lambda random: call(*args, **kwargs, inputs=(wide(random),))


def _function(*args: Any, **kwargs: Any) -> Callable[[Random], Call]:
    return lambda random: call(wide(random), *args, **kwargs)


def _both(name: str, function: str, *args: Any, float64: float = 1e-13, **kwargs: Any) -> dict[str, tuple[Case, ...]]:
    return {
        MODULE + name: (Case(_module(*args, **kwargs), float64=float64),),
        FUNCTION + function: (Case(_function(*args, **kwargs), float64=float64),),
    }


CASES = {
    **_both("ReLU", "relu", inplace=True),
    **_both("ReLU6", "relu6", inplace=True),
    **_both("LeakyReLU", "leaky_relu", 0.1, inplace=True),
    **_both("ELU", "elu", 0.7),
    **_both("CELU", "celu", 0.7, float64=TORCH_ROUNDS),
    **_both("SELU", "selu"),
    **_both("GLU", "glu", 1),
    **_both("SiLU", "silu", inplace=True),
    **_both("Mish", "mish"),
    **_both("Sigmoid", "sigmoid"),
    **_both("Tanh", "tanh"),
    **_both("Softsign", "softsign"),
    **_both("Tanhshrink", "tanhshrink"),
    **_both("Hardshrink", "hardshrink", 0.3),
    **_both("Softshrink", "softshrink", lambd=0.3),
    **_both("Hardtanh", "hardtanh", -0.7, max_val=1.3),
    **_both("Hardsigmoid", "hardsigmoid", float64=TORCH_ROUNDS),
    **_both("Hardswish", "hardswish", inplace=True),
    **_both("Threshold", "threshold", 0.1, 20),
    **_both("LogSigmoid", "logsigmoid"),
    **_both("Softmax", "softmax", dim=1),
    **_both("LogSoftmax", "log_softmax", dim=-1),
    **_both("Softmin", "softmin", dim=2),
    MODULE + "Softmax2d": (Case(_module()),),
    MODULE + "GELU": (Case(_module()), Case(_module("tanh"))),
    FUNCTION + "gelu": (Case(_function()), Case(_function(approximate="tanh"))),
    MODULE + "Softplus": (Case(_module()), Case(_module(2.5, threshold=10))),
    FUNCTION + "softplus": (Case(_function()), Case(_function(2.5, 10))),
    MODULE + "RReLU": (Case(_module(0.1, 0.4), training=False), Case(_module(), gradient=False, values=False)),
    FUNCTION + "rrelu": (Case(_function(0.1, 0.4)),),
    MODULE + "PReLU": (Case(_module()), Case(_module(6, init=0.1))),
    FUNCTION + "prelu": (Case(lambda random: call(wide(random), random.uniform(size=6))),),
    FUNCTION + "gumbel_softmax": (
        Case(_function(0.7, dim=1), gradient=False, values=False),
        Case(_function(hard=True), gradient=False, values=False),
    ),
}
