"""Run a function or module in both frameworks, forward and backward, in float32 and float64."""

from collections.abc import Callable

import jittor as jt
import numpy as np
import torch

TOLERANCES = {"float32": 2e-6, "float64": 2e-15}
"""Largest error in terms of the tensor's maximum: some ten roundings."""


def assert_same(
    torch_function: Callable, jittor_function: Callable, *arrays: np.ndarray, dtype: str, tolerance: float | None = None
) -> None:
    """Both functions give the same result, and the same gradient for every array, from the same arrays."""
    limit = TOLERANCES[dtype] if tolerance is None else tolerance
    tensors = [torch.tensor(array.astype(dtype), requires_grad=True) for array in arrays]
    expected = torch_function(*tensors)
    direction = np.random.RandomState(0).standard_normal(tuple(expected.shape)).astype(dtype)
    expected.backward(torch.from_numpy(direction))
    with jt.flag_scope(auto_convert_64_to_32=0):
        variables = [jt.array(array.astype(dtype)) for array in arrays]
        found = jittor_function(*variables)
        gradients = jt.grad((found * jt.array(direction)).sum(), variables)
        assert_close(found.numpy(), expected.detach().numpy(), dtype, limit)
        for gradient, tensor in zip(gradients, tensors, strict=True):
            assert_close(gradient.numpy(), tensor.grad.numpy(), dtype, limit)


def assert_close(found: np.ndarray, expected: np.ndarray, dtype: str, limit: float) -> None:
    """Same dtype and shape; no element further away than `limit` of the largest."""
    assert found.dtype == dtype
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= limit * max(np.abs(expected).max(), 1e-30)
