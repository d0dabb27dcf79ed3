"""Pools over square windows."""

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


def pools(**options: int) -> tuple[partial, partial]:
    return partial(F.max_pool2d, **options), partial(torch.nn.functional.max_pool2d, **options)


@given(
    st.integers(1, 3), st.integers(1, 5), st.integers(1, 23), st.integers(1, 23),
    st.integers(1, 5), st.integers(1, 4), st.integers(0, 2),
)  # fmt: skip
@drawing(60)
def test_equals_torch(
    images: int, channels: int, height: int, width: int, taps: int, stride: int, padding: int
) -> None:
    assume(2 * padding <= taps <= min(height, width) + 2 * padding)
    port, original = pools(kernel_size=taps, stride=stride, padding=padding)
    assert_three_ways(port, original, normal(images, channels, height, width), header="pooling", plain=False)


@pytest.mark.parametrize(
    "options",
    [{"kernel_size": 3, "stride": 2, "padding": 1}, {"kernel_size": 2}, {"kernel_size": 3, "stride": 1}],
    ids=str,
)
def test_equals_jittor(options: dict) -> None:
    assert_three_ways(*pools(**options), normal(2, 5, 19, 34), header="pooling")


def test_output_has_the_same_bits_as_torch() -> None:
    port, original = pools(kernel_size=3, stride=2, padding=1)
    x = normal(2, 24, 40, 41)
    assert np.array_equal(in_jittor(port, [x])[0], in_torch(original, [x])[0])


@given(st.integers(1, 12), st.integers(1, 12), st.sampled_from([(2, 2, 0), (3, 2, 1), (3, 1, 1), (2, 1, 1)]))
@drawing(20)
def test_of_equal_values_the_first_gets_the_gradient(height: int, width: int, window: tuple[int, int, int]) -> None:
    taps, stride, padding = window
    assume(taps <= min(height, width) + 2 * padding)
    x = np.random.default_rng([height, width]).integers(0, 3, (2, 2, height, width)).astype(np.float32)
    port, original = pools(kernel_size=taps, stride=stride, padding=padding)
    assert_three_ways(port, original, x, header="pooling", plain=False)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        pytest.param((1, 2, 9, 9), {"kernel_size": (3, 2)}, id="not square"),
        pytest.param((1, 2, 9, 9), {"kernel_size": 3, "stride": (2, 1)}, id="two strides"),
        pytest.param((1, 2, 9, 9), {"kernel_size": 3, "padding": (1, 0)}, id="two paddings"),
        pytest.param((1, 2, 9, 9), {"kernel_size": 3, "dilation": 2}, id="dilation"),
        pytest.param((1, 2, 9, 9), {"kernel_size": 2, "ceil_mode": True}, id="ceil_mode"),
        pytest.param((1, 2, 9, 9), {"kernel_size": 2, "return_indices": True}, id="indices"),
        pytest.param((2, 9, 9), {"kernel_size": 2}, id="one image"),
    ],
)
def test_other_options_are_left_to_jittor(shape: tuple, options: dict) -> None:
    assert_without("pooling", lambda: F.max_pool2d(jt.zeros(shape), **options))


def test_float64_is_left_to_jittor() -> None:
    with jt.flag_scope(auto_convert_64_to_32=0):
        assert_without("pooling", lambda: F.max_pool2d(jt.zeros((1, 2, 9, 9)).float64(), 2))


def test_without_images() -> None:
    assert F.max_pool2d(jt.zeros((0, 4, 5, 5)), 3).numpy().shape == (0, 4, 1, 1)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        pytest.param((1, 2, 2, 9), {"kernel_size": 3}, id="smaller than the window"),
        pytest.param((1, 2, 1, 1), {"kernel_size": 3}, id="far smaller"),
        pytest.param((1, 2, 9, 9), {"kernel_size": 3, "padding": -1}, id="negative padding"),
        pytest.param((1, 2, 9, 9), {"kernel_size": 3, "stride": 0}, id="no stride"),
        pytest.param((1, 2, 9, 9), {"kernel_size": 3, "stride": -1}, id="negative stride"),
        pytest.param((1, 2, 9, 9), {"kernel_size": 0, "stride": 1}, id="no window"),
    ],
)
def test_windows_that_do_not_fit(shape: tuple, options: dict) -> None:
    """PyTorch refuses each of them."""
    with pytest.raises(RuntimeError):
        torch.nn.functional.max_pool2d(torch.zeros(shape), **options)
    with pytest.raises((ValueError, RuntimeError)):
        F.max_pool2d(jt.zeros(shape), **options)
