"""Sums and means of many elements are as accurate as PyTorch's."""

import jittor as jt
import numpy as np
import pytest

from jtmigrate.parity import ops

ROUNDED = 2.0**-23
"""What one rounding to float32 may cost."""


def loss_like() -> np.ndarray:
    """(images, priors, classes), nearly all small and alike, as a classification loss before training."""
    random = np.random.RandomState(0)
    return (2e-4 * np.exp(0.1 * random.randn(8, 2125, 20))).astype(np.float32)


@pytest.mark.parametrize("name", ["sum", "mean"])
@pytest.mark.parametrize("dim", [None, (1, 2), 0, -1])
def test_of_many_small_numbers(name, dim):
    array = loss_like()
    found = getattr(ops, name)(jt.array(array), dim).numpy()
    expected = getattr(array.astype(np.float64), name)(axis=dim)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.reshape(np.shape(expected)), expected, rtol=ROUNDED)


def test_the_sum_of_jittor_is_further_off():
    """Why this is not `x.sum()`. Where it no longer is, `ops.sum` may be."""
    array = loss_like()
    exact = array.astype(np.float64).sum()
    assert abs(jt.array(array).sum().item() / exact - 1) > 10 * ROUNDED


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["sum", "mean"])
def test_gradients(name, dtype):
    """2x, and a share of it: a few roundings."""
    array = np.arange(12.0).reshape(3, 4)
    with jt.flag_scope(auto_convert_64_to_32=0):
        x = jt.array(array.astype(dtype))
        gradient = jt.grad(getattr(ops, name)(x * x), x).numpy()
    expected = 2 * array / (1 if name == "sum" else array.size)
    assert gradient.dtype == dtype
    np.testing.assert_allclose(gradient, expected, rtol=1e-6 if dtype == "float32" else 1e-15)
