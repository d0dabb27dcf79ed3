"""Bilinear interpolation."""

from functools import partial

import jittor as jt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alignment_tests.jtmigrate.parity.kernels.three_ways import (
    assert_three_ways,
    assert_without,
    drawing,
    normal,
)
from jtmigrate.parity import functional as F


def resizing(**options: object) -> tuple[partial, partial]:
    return tuple(partial(module.interpolate, mode="bilinear", **options) for module in (F, torch.nn.functional))


@given(
    st.integers(1, 3), st.integers(1, 5), st.integers(1, 15), st.integers(1, 15),
    st.sampled_from([1, 2, 4]), st.sampled_from([1, 2, 4, 8]),
)  # fmt: skip
@drawing(30)
def test_equals_torch(images: int, channels: int, height: int, width: int, down: int, across: int) -> None:
    port, original = resizing(size=(down * height, across * width), align_corners=False)
    assert_three_ways(port, original, normal(images, channels, height, width), header="resizing", plain=False)


@pytest.mark.parametrize("shape", [(2, 5, 10, 13), (1, 1, 1, 1), (1, 3, 20, 1)], ids=str)
def test_equals_jittor(shape: tuple[int, ...]) -> None:
    assert_three_ways(*resizing(scale_factor=2), normal(*shape), header="resizing")


def test_default_of_align_corners() -> None:
    assert_three_ways(*resizing(scale_factor=4), normal(1, 2, 6, 7), header="resizing", plain=False)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"scale_factor": 2, "align_corners": True}, id="corners aligned"),
        pytest.param({"scale_factor": 3}, id="three times"),
        pytest.param({"size": (12, 11)}, id="any size"),
        pytest.param({"size": (3, 3)}, id="smaller"),
    ],
)
def test_other_options_are_left_to_jittor(options: dict) -> None:
    assert_without("resizing", lambda: F.interpolate(jt.zeros((1, 2, 6, 6)), mode="bilinear", **options))


def test_float64_is_left_to_jittor() -> None:
    with jt.flag_scope(auto_convert_64_to_32=0):
        assert_without(
            "resizing", lambda: F.interpolate(jt.zeros((1, 2, 6, 6)).float64(), scale_factor=2, mode="bilinear")
        )


def test_without_images() -> None:
    y = F.interpolate(jt.zeros((0, 4, 5, 6)), scale_factor=2, mode="bilinear")
    assert y.numpy().shape == (0, 4, 10, 12)
