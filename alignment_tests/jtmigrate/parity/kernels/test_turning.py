"""Kernels turned by 180 degrees, for convolutions of all channels. All is copied, so the bits have to be the same."""

import numpy as np
import pytest
import torch

from alignment_tests.jtmigrate.parity.kernels.three_ways import SUMMED, distance, in_jittor, in_torch, normal, operators
from jtmigrate.parity import functional as F
from jtmigrate.parity import kernels


@pytest.mark.parametrize(
    ("outputs", "channels", "taps"), [(5, 3, (3, 3)), (1, 7, (3, 3)), (4, 4, (2, 5)), (33, 17, (1, 4))], ids=str
)
def test_equals_jittor_and_torch(outputs: int, channels: int, taps: tuple[int, int]) -> None:
    x, weight = normal(2, channels, 8, 9), normal(outputs, channels, *taps)
    with operators() as called:
        found = in_jittor(F.conv2d, [x, weight])
    assert set(called) == {"turning"}
    with kernels.plain():
        stock = in_jittor(F.conv2d, [x, weight])
    for own, other, theirs in zip(found, stock, in_torch(torch.nn.functional.conv2d, [x, weight]), strict=True):
        assert np.array_equal(own, other)
        assert distance(own, theirs) <= SUMMED
