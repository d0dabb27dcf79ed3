"""Convolutions by 1 x 1 kernels."""

import jittor as jt
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alignment_tests.jtmigrate.parity.kernels.three_ways import (
    SUMMED,
    assert_three_ways,
    assert_without,
    distance,
    drawing,
    in_jittor,
    in_torch,
    normal,
)
from jtmigrate.parity import functional as F

# (images, channels, outputs, height, width). Of 96 channels or more in images of 13 to 26 pixels a side, oneDNN takes
# sums in chains of other lengths.
TYPICAL = [
    (1, 24, 58, 80, 80),
    (4, 58, 58, 40, 40),
    (1, 58, 58, 20, 20),
    (2, 24, 58, 13, 13),
    (2, 116, 96, 40, 40),
    (3, 232, 232, 10, 10),
    (1, 464, 96, 10, 10),
    (1, 96, 112, 52, 52),
    (8, 512, 256, 7, 7),
]


@given(st.integers(1, 3), st.integers(1, 70), st.integers(1, 70), st.integers(1, 19), st.integers(1, 19))
@drawing(30)
def test_equals_torch_and_jittor(images: int, channels: int, outputs: int, height: int, width: int) -> None:
    x, weight = normal(images, channels, height, width), normal(outputs, channels, 1, 1)
    assert_three_ways(F.conv2d, torch.nn.functional.conv2d, x, weight, header="pointwise", summed=[1])


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param((1, 1, 1, 1, 1), id="all one"),
        pytest.param((2, 300, 17, 3, 5), id="more channels than a chain of sums"),
        pytest.param((1, 1025, 12, 2, 2), id="five chains"),
        pytest.param((1, 256, 12, 4, 8), id="whole vectors"),
        pytest.param((40, 6, 7, 9, 9), id="many small images"),
        pytest.param((3, 5, 6, 60, 61), id="large images"),
    ],
)
def test_sizes_at_the_limits_of_blocks(sizes: tuple[int, ...]) -> None:
    images, channels, outputs, height, width = sizes
    x, weight = normal(images, channels, height, width), normal(outputs, channels, 1, 1)
    assert_three_ways(F.conv2d, torch.nn.functional.conv2d, x, weight, header="pointwise", summed=[1])


@pytest.mark.skipif(torch.backends.cpu.get_cpu_capability() != "AVX512", reason="the order of sums is for AVX-512")
@pytest.mark.parametrize("sizes", TYPICAL, ids=str)
def test_same_bits_as_torch_with_avx512(sizes: tuple[int, ...]) -> None:
    """The output and the gradient by x."""
    images, channels, outputs, height, width = sizes
    arrays = normal(images, channels, height, width), normal(outputs, channels, 1, 1, scale=channels**-0.5)
    found, expected = in_jittor(F.conv2d, arrays), in_torch(torch.nn.functional.conv2d, arrays)
    assert np.array_equal(found[0], expected[0])
    assert np.array_equal(found[1], expected[1])


def test_a_bias_is_added() -> None:
    assert_three_ways(
        F.conv2d,
        torch.nn.functional.conv2d,
        *(normal(2, 5, 7, 6), normal(9, 5, 1, 1), normal(9)),
        header="pointwise",
        summed=[1, 2],
    )


@pytest.mark.parametrize(
    ("x", "weight", "options"),
    [
        pytest.param((1, 4, 5, 5), (4, 4, 1, 1), {"stride": 2}, id="stride"),
        pytest.param((1, 4, 5, 5), (4, 4, 1, 1), {"padding": 1}, id="padding"),
        pytest.param((1, 4, 5, 5), (4, 2, 1, 1), {"groups": 2}, id="groups"),
        pytest.param((1, 4, 5, 5), (4, 4, 1, 3), {}, id="1 x 3"),
        pytest.param((1, 4, 5, 5), (4, 4, 1, 1), {"dilation": 2}, id="dilation"),
    ],
)
def test_other_options_are_left_to_jittor(x: tuple, weight: tuple, options: dict) -> None:
    assert_without("pointwise", lambda: F.conv2d(jt.zeros(x), jt.zeros(weight), **options))


def test_float64_is_left_to_jittor() -> None:
    with jt.flag_scope(auto_convert_64_to_32=0):
        assert_without(
            "pointwise", lambda: F.conv2d(jt.zeros((1, 4, 5, 5)).float64(), jt.zeros((4, 4, 1, 1)).float64())
        )
        assert_without("pointwise", lambda: F.conv2d(jt.zeros((1, 4, 5, 5)), jt.zeros((4, 4, 1, 1)).float64()))


def test_without_images() -> None:
    assert F.conv2d(jt.zeros((0, 4, 3, 3)), jt.zeros((5, 4, 1, 1))).numpy().shape == (0, 5, 3, 3)


@pytest.mark.parametrize("x", [(1, 3, 8, 8), (1, 5, 8, 8), (1, 4, 0, 8)], ids=["fewer", "more", "no pixels"])
def test_input_that_does_not_fit(x: tuple) -> None:
    with pytest.raises(ValueError, match="does not fit weight"):
        F.conv2d(jt.zeros(x), jt.zeros((6, 4, 1, 1)))


@pytest.mark.parametrize("changed", ["x", "weight"])
def test_what_is_assigned_to_an_input_afterwards_does_not_reach_the_gradient(changed: str) -> None:
    arrays = [normal(2, 4, 5, 5), normal(6, 4, 1, 1)]
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    variables = [jt.array(array) for array in arrays]
    place = 1 if changed == "x" else 0
    y, expected = F.conv2d(*variables), torch.nn.functional.conv2d(*tensors)
    variables[1 - place] += 1
    gradient = jt.grad((y * y).sum(), variables[place])
    assert distance(gradient.numpy(), torch.autograd.grad((expected**2).sum(), tensors)[place].numpy()) <= SUMMED
