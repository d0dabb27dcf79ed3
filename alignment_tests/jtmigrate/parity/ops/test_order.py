"""Sorting of what is no number, on which Jittor's own ends the process."""

import jittor as jt
import numpy as np
import pytest
import torch

from jtmigrate.parity import ops


def with_nan(share: float) -> np.ndarray:
    """(2, 400): noise, so much of it NaN."""
    random = np.random.RandomState(0)
    array = random.standard_normal((2, 400)).astype(np.float32)
    array[random.uniform(size=array.shape) < share] = np.nan
    return array


@pytest.mark.parametrize("share", [0.5, 1.0])
@pytest.mark.parametrize("descending", [False, True])
def test_nan_is_the_largest(share: float, descending: bool) -> None:
    array = with_nan(share)
    expected = torch.from_numpy(array).sort(descending=descending).values.numpy()
    np.testing.assert_array_equal(ops.sort(jt.array(array), -1, descending).values.numpy(), expected)


def test_topk_of_nan() -> None:
    array = with_nan(0.5)
    for largest in (True, False):
        expected = torch.from_numpy(array).topk(5, largest=largest).values.numpy()
        np.testing.assert_array_equal(ops.topk(jt.array(array), 5, largest=largest).values.numpy(), expected)
