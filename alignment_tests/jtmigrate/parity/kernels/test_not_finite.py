"""NaN and infinity. Kernels are compiled with -Ofast, which promises nothing about them.

Convolutions and normalisations must never make a finite number of one: training would go on as if nothing had happened.
Activations keep them too. Max-pooling keeps infinity, but loses NaN.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch.nn.functional as torch_functional

from alignment_tests.jtmigrate.parity.kernels.three_ways import in_jittor, in_torch, normal
from jtmigrate.parity import functional as F

BAD = pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf], ids=["NaN", "inf", "-inf"])


def function(name: str, **options: Any) -> tuple[Callable, Callable]:
    return partial(getattr(F, name), **options), partial(getattr(torch_functional, name), **options)


def batch_norm(module: Any, x: Any, weight: Any, bias: Any) -> Any:
    return module.batch_norm(x, None, None, weight, bias, training=True)


def group_norm(module: Any, x: Any, weight: Any, bias: Any) -> Any:
    return module.leaky_relu(module.group_norm(x, 2, weight, bias), 0.1)


X, CHANNELS = normal(2, 4, 6, 19), (normal(4, seed=1), normal(4, seed=2))
LAYERS = {
    "pointwise": (*function("conv2d"), X, normal(7, 4, 1, 1)),
    "depthwise": (*function("conv2d", padding=1, groups=4), X, normal(4, 1, 3, 3)),
    "depthwise, stride 2": (*function("conv2d", padding=2, stride=2, groups=4), X, normal(4, 1, 5, 5)),
    "batch_norm": (partial(batch_norm, F), partial(batch_norm, torch_functional), X, *CHANNELS),
    "group_norm": (partial(group_norm, F), partial(group_norm, torch_functional), X, *CHANNELS),
}
PLACES = [(0, 0, 0, 0), (0, 2, 2, 17), (1, 3, 5, 18)]


@BAD
@pytest.mark.parametrize("name", LAYERS)
def test_layers_lose_none(name: str, bad: float) -> None:
    """Where PyTorch has NaN or infinity, in the output and the gradients, so have they."""
    port, original, x, *weights = LAYERS[name]
    for place in PLACES:
        spoilt = x.copy()
        spoilt[place] = bad
        for found, expected in zip(
            in_jittor(port, [spoilt, *weights]), in_torch(original, [spoilt, *weights]), strict=True
        ):
            assert not np.isfinite(found[~np.isfinite(expected)]).any()


@BAD
@pytest.mark.parametrize("name", LAYERS)
def test_outputs_of_layers_are_spoilt_where_those_of_torch_are(name: str, bad: float) -> None:
    port, original, x, *weights = LAYERS[name]
    for place in PLACES:
        spoilt = x.copy()
        spoilt[place] = bad
        found, expected = in_jittor(port, [spoilt, *weights])[0], in_torch(original, [spoilt, *weights])[0]
        assert np.array_equal(np.isfinite(found), np.isfinite(expected))


@BAD
@pytest.mark.parametrize("name", LAYERS)
def test_spoilt_weights(name: str, bad: float) -> None:
    port, original, x, *weights = LAYERS[name]
    weights[0] = weights[0].copy()
    weights[0].flat[1] = bad
    found, expected = in_jittor(port, [x, *weights])[0], in_torch(original, [x, *weights])[0]
    assert not np.isfinite(found[~np.isfinite(expected)]).any()


@BAD
@pytest.mark.parametrize("name", ["leaky_relu", "sigmoid", "softplus", "softmax", "log_softmax"])
def test_activations(name: str, bad: float) -> None:
    """The same values, forward, in a whole vector and in what is left over.

    But for 1e-6, by which PyTorch's own exponentials are off.
    """
    port, original = function(name, **({"dim": -1} if "softmax" in name else {}))
    for place in (0, 20, 36):
        x = normal(1, 37)
        x[0, place] = bad
        found, expected = in_jittor(port, [x])[0], in_torch(original, [x])[0]
        np.testing.assert_allclose(found, expected, rtol=1e-6)


@BAD
def test_bilinear(bad: float) -> None:
    port, original = function("interpolate", scale_factor=2, mode="bilinear")
    for place in PLACES:
        x = X.copy()
        x[place] = bad
        found, expected = in_jittor(port, [x])[0], in_torch(original, [x])[0]
        assert not np.isfinite(found[~np.isfinite(expected)]).any()


POOLS = function("max_pool2d", kernel_size=3, stride=2, padding=1)


@pytest.mark.parametrize("bad", [np.inf, -np.inf], ids=["inf", "-inf"])
def test_the_largest_may_be_infinite(bad: float) -> None:
    for place in PLACES:
        x = X.copy()
        x[place] = bad
        found, expected = in_jittor(POOLS[0], [x])[0], in_torch(POOLS[1], [x])[0]
        assert np.array_equal(found, expected)


def test_nan_is_the_largest() -> None:
    """Stock Jittor loses it: -Ofast compares as if there were no NaN."""
    for place in PLACES:
        x = X.copy()
        x[place] = np.nan
        found, expected = in_jittor(POOLS[0], [x])[0], in_torch(POOLS[1], [x])[0]
        assert np.array_equal(found, expected, equal_nan=True)
