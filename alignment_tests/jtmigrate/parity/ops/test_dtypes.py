"""Dtypes and limits of both frameworks."""

import jittor as jt
import numpy as np
import pytest
import torch

from jtmigrate.parity import ops

SHARED = ["float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]


@pytest.mark.parametrize("name", [*SHARED, "bfloat16"])
def test_dtypes_are_those_of_pytorch(name: str) -> None:
    """A constant casts, compares and makes tensors, and means the same numbers."""
    dtype = getattr(jt, name)
    x = ops.to(jt.array([0.0, 1.5, 3.0]), dtype)
    assert x.dtype == dtype
    assert jt.zeros(2, dtype=dtype).dtype == dtype
    expected = torch.tensor([0.0, 1.5, 3.0]).to(getattr(torch, name))
    np.testing.assert_array_equal(x.float32().numpy(), expected.float().numpy())
    assert ops.element_size(x) == expected.element_size()


@pytest.mark.parametrize("name", SHARED[:3])
def test_limits(name: str) -> None:
    ours, theirs = jt.finfo(getattr(jt, name)), torch.finfo(getattr(torch, name))
    assert (ours.min, ours.max, ours.eps, ours.tiny) == (theirs.min, theirs.max, theirs.eps, theirs.tiny)
    ours, theirs = jt.iinfo(jt.int16), torch.iinfo(torch.int16)
    assert (ours.min, ours.max) == (theirs.min, theirs.max)


@pytest.mark.parametrize("dtype", SHARED)
def test_from_numpy_keeps_the_dtype(dtype: str) -> None:
    array = np.array([[0, 1], [2, 3]]).astype(dtype)
    found = ops.from_numpy(array)
    assert str(found.dtype) == str(torch.from_numpy(array).dtype).removeprefix("torch.")
    np.testing.assert_array_equal(found.numpy(), array)


def test_large_numbers_survive() -> None:
    assert ops.from_numpy(np.array([2**40])).numpy()[0] == 2**40
