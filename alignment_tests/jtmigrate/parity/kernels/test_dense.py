"""Convolutions of all channels, by oneDNN with memory that is kept, and the kernels that are turned for them."""

import jittor as jt
import numpy as np
import pytest
import torch

from alignment_tests.jtmigrate.parity.kernels.three_ways import SUMMED, distance, in_jittor, in_torch, normal, operators
from jtmigrate.parity import functional as F
from jtmigrate.parity import kernels

SHAPES = [
    # outputs, channels, taps, image, padding, dilation
    (5, 3, (3, 3), (8, 9), 0, 1),
    (1, 7, (3, 3), (8, 9), 1, 1),
    (4, 4, (2, 5), (8, 9), 0, 1),
    (33, 17, (1, 4), (8, 9), 0, 1),
    (32, 48, (3, 3), (20, 20), 1, 1),
    (6, 8, (3, 3), (12, 7), 2, 2),
]


@pytest.mark.parametrize(("outputs", "channels", "taps", "image", "padding", "dilation"), SHAPES, ids=str)
def test_equals_jittor_and_torch(
    outputs: int, channels: int, taps: tuple[int, int], image: tuple[int, int], padding: int, dilation: int
) -> None:
    """The same oneDNN computes the same bits with memory that is used again."""
    x, weight = normal(2, channels, *image), normal(outputs, channels, *taps)
    options = {"padding": padding, "dilation": dilation}

    def port(x: jt.Var, weight: jt.Var) -> jt.Var:
        return F.conv2d(x, weight, **options)

    def original(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.conv2d(x, weight, **options)

    with operators() as called:
        found = in_jittor(port, [x, weight])
    assert set(called) == {"turning", "dense"}
    with kernels.plain():
        stock = in_jittor(port, [x, weight])
    for own, other, theirs in zip(found, stock, in_torch(original, [x, weight]), strict=True):
        assert np.array_equal(own, other)
        assert distance(own, theirs) <= SUMMED


def test_sizes_in_any_order() -> None:
    """Memory that was taken for a large one serves a small one, and the other way round."""
    for _ in range(2):
        for size in (24, 5, 16):
            x, weight = normal(1, 16, size, size), normal(16, 16, 3, 3)
            port = F.conv2d(jt.array(x), jt.array(weight), padding=1).numpy()
            original = torch.nn.functional.conv2d(torch.from_numpy(x), torch.from_numpy(weight), padding=1).numpy()
            assert distance(port, original) <= SUMMED


def test_a_changed_weight_is_turned_anew() -> None:
    x, weight = jt.array(normal(1, 4, 6, 6)), jt.array(normal(3, 4, 3, 3))
    before = F.conv2d(x, weight).numpy()
    weight.update(weight * 2)
    np.testing.assert_array_equal(F.conv2d(x, weight).numpy(), before * 2)
    weight += weight
    np.testing.assert_array_equal(F.conv2d(x, weight).numpy(), before * 4)
