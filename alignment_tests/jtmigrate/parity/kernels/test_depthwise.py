"""Convolutions of each channel by a kernel of its own."""

from functools import partial

import jittor as jt
import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from alignment_tests.jtmigrate.parity.kernels.three_ways import (
    assert_three_ways,
    assert_without,
    drawing,
    in_jittor,
    in_torch,
    normal,
)
from jtmigrate.parity import functional as F

OPTIONS = [(kernel, stride, padding) for kernel in (3, 5, 7) for stride in (1, 2) for padding in range(kernel)]
# (images, channels, size, kernel, stride)
TYPICAL = [
    (1, 58, 40, 3, 1),
    (2, 24, 80, 3, 2),
    (1, 116, 40, 3, 2),
    (1, 96, 52, 5, 1),
    (4, 96, 20, 5, 1),
    (1, 96, 40, 5, 2),
    (2, 16, 13, 7, 1),
    (1, 192, 26, 7, 2),
]


def depthwise(module: object, kernel: int, stride: int, padding: int, channels: int) -> partial:
    return partial(module.conv2d, bias=None, stride=stride, padding=padding, groups=channels)


@given(st.sampled_from(OPTIONS), st.integers(1, 3), st.integers(1, 20), st.integers(1, 40), st.integers(1, 40))
@drawing(60)
def test_equals_torch(option: tuple[int, int, int], images: int, channels: int, height: int, width: int) -> None:
    kernel, _, padding = option
    assume(min(height, width) + 2 * padding >= kernel)
    port, original = (depthwise(module, *option, channels) for module in (F, torch.nn.functional))
    x, weight = normal(images, channels, height, width), normal(channels, 1, kernel, kernel)
    assert_three_ways(port, original, x, weight, header="depthwise", summed=[1], plain=False)


@pytest.mark.parametrize("option", OPTIONS, ids=str)
def test_every_option_on_the_smallest_image_there_is(option: tuple[int, int, int]) -> None:
    """And on one that is a row and a column larger, which a stride of 2 leaves out."""
    kernel, _, padding = option
    least = max(1, kernel - 2 * padding)
    port, original = (depthwise(module, *option, 3) for module in (F, torch.nn.functional))
    for height, width in ((least, least), (least + 1, least), (least, least + 17)):
        x, weight = normal(2, 3, height, width), normal(3, 1, kernel, kernel)
        assert_three_ways(port, original, x, weight, header="depthwise", summed=[1], plain=False)


@pytest.mark.parametrize("option", [(3, 1, 1), (3, 2, 1), (5, 1, 2), (5, 2, 0), (7, 1, 6), (7, 2, 3)], ids=str)
def test_equals_jittor(option: tuple[int, int, int]) -> None:
    port, original = (depthwise(module, *option, 17) for module in (F, torch.nn.functional))
    for height, width in ((21, 34), (7, 11)):
        x, weight = normal(2, 17, height, width), normal(17, 1, option[0], option[0])
        assert_three_ways(port, original, x, weight, header="depthwise", summed=[1])


def test_one_channel_is_depthwise() -> None:
    port, original = (depthwise(module, 3, 1, 1, 1) for module in (F, torch.nn.functional))
    x, weight = normal(3, 1, 9, 20), normal(1, 1, 3, 3)
    assert_three_ways(port, original, x, weight, header="depthwise", summed=[1], plain=False)


@pytest.mark.skipif(torch.backends.cpu.get_cpu_capability() != "AVX512", reason="the order of sums is for AVX-512")
@pytest.mark.parametrize("sizes", TYPICAL, ids=str)
def test_same_bits_as_torch_with_avx512(sizes: tuple[int, ...]) -> None:
    """The output and the gradient by x."""
    images, channels, size, kernel, stride = sizes
    arrays = normal(images, channels, size, size), normal(channels, 1, kernel, kernel)
    port, original = (depthwise(module, kernel, stride, kernel // 2, channels) for module in (F, torch.nn.functional))
    found, expected = in_jittor(port, arrays), in_torch(original, arrays)
    assert np.array_equal(found[0], expected[0])
    assert np.array_equal(found[1], expected[1])


@pytest.mark.parametrize(
    ("weight", "options"),
    [
        pytest.param((4, 1, 4, 4), {"groups": 4}, id="size 4"),
        pytest.param((4, 1, 9, 9), {"groups": 4, "padding": 4}, id="size 9"),
        pytest.param((4, 1, 3, 5), {"groups": 4}, id="not square"),
        pytest.param((4, 1, 3, 3), {"groups": 4, "stride": 3}, id="stride 3"),
        pytest.param((4, 1, 3, 3), {"groups": 4, "stride": (1, 2)}, id="two strides"),
        pytest.param((4, 1, 3, 3), {"groups": 4, "padding": (1, 0)}, id="two paddings"),
        pytest.param((4, 1, 3, 3), {"groups": 4, "padding": 3}, id="padding of a whole kernel"),
        pytest.param((4, 1, 3, 3), {"groups": 4, "dilation": 2}, id="dilation"),
        pytest.param((8, 1, 3, 3), {"groups": 4}, id="two outputs a channel"),
        pytest.param((4, 2, 3, 3), {"groups": 2}, id="two channels a group"),
        pytest.param((4, 4, 3, 3), {}, id="all channels"),
    ],
)
def test_other_options_are_left_to_jittor(weight: tuple, options: dict) -> None:
    assert_without("depthwise", lambda: F.conv2d(jt.zeros((1, 4, 10, 12)), jt.zeros(weight), **options))


def test_float64_is_left_to_jittor() -> None:
    with jt.flag_scope(auto_convert_64_to_32=0):
        assert_without(
            "depthwise", lambda: F.conv2d(jt.zeros((1, 4, 5, 5)).float64(), jt.zeros((4, 1, 3, 3)).float64(), groups=4)
        )


def test_without_images() -> None:
    assert F.conv2d(jt.zeros((0, 4, 3, 3)), jt.zeros((4, 1, 3, 3)), groups=4).numpy().shape == (0, 4, 1, 1)


@pytest.mark.parametrize(
    ("x", "options"),
    [
        pytest.param((1, 3, 8, 8), {}, id="fewer channels"),
        pytest.param((1, 5, 8, 8), {}, id="more channels"),
        pytest.param((1, 4, 2, 8), {}, id="smaller than the kernel"),
        pytest.param((1, 4, 4, 4), {"padding": -1}, id="nothing left by a negative padding"),
    ],
)
def test_input_that_does_not_fit(x: tuple, options: dict) -> None:
    with pytest.raises(ValueError, match="does not fit weight"):
        F.conv2d(jt.zeros(x), jt.zeros((4, 1, 3, 3)), groups=4, **options)
