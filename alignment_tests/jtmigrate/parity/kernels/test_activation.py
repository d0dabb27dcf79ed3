"""Activations. PyTorch's own exponentials are a few roundings off, so the truth in float64 counts."""

from functools import partial

import jittor as jt
import numpy as np
import pytest
import torch
import torch.nn.functional as torch_functional
from hypothesis import given
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

WIDE = np.concatenate([normal(500, scale=5), np.linspace(-110, 110, 441), [0.0, -0.0]]).astype(np.float32)
FUNCTIONS = {
    "leaky_relu": (partial(F.leaky_relu, negative_slope=0.1), partial(torch_functional.leaky_relu, negative_slope=0.1)),
    "leaky_relu of slope 2": (
        partial(F.leaky_relu, negative_slope=2.0),
        partial(torch_functional.leaky_relu, negative_slope=2.0),
    ),
    "sigmoid": (F.sigmoid, torch.sigmoid),
    "softplus": (F.softplus, torch_functional.softplus),
    "softmax": (partial(F.softmax, dim=-1), partial(torch.softmax, dim=-1)),
    "log_softmax": (partial(F.log_softmax, dim=-1), partial(torch.log_softmax, dim=-1)),
}
ALL = pytest.mark.parametrize("name", FUNCTIONS)
SHAPES = st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple)


@ALL
@given(SHAPES, st.floats(0.1, 30))
@drawing(15)
def test_equals_torch(name: str, shape: tuple[int, ...], scale: float) -> None:
    assert_three_ways(*FUNCTIONS[name], normal(*shape, scale=scale), header="activation", plain=False)


@ALL
def test_equals_jittor(name: str) -> None:
    assert_three_ways(*FUNCTIONS[name], normal(3, 5, 40, scale=5), header="activation")


@ALL
def test_values_far_from_zero(name: str) -> None:
    """Exponentials of these leave float32."""
    assert_three_ways(*FUNCTIONS[name], WIDE.reshape(41, 23), header="activation", plain=False)


@pytest.mark.parametrize("name", ["sigmoid", "softplus"])
def test_every_element_is_rounded_from_float64(name: str) -> None:
    """Small values too: each within a rounding and a half of float32, 6e-8, of its own size."""
    port, original = FUNCTIONS[name]
    found, truth = in_jittor(port, [WIDE])[0], in_torch(original, [WIDE], "float64")[0]
    normal_numbers = np.abs(truth) > 2e-38  # Jittor's kernels flush what is smaller to 0
    np.testing.assert_allclose(found[normal_numbers], truth[normal_numbers], rtol=9e-8)


def test_leaky_relu_has_the_same_bits_as_torch() -> None:
    port, original = FUNCTIONS["leaky_relu"]
    for found, expected in zip(in_jittor(port, [WIDE]), in_torch(original, [WIDE]), strict=True):
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_a_large_mean_costs_no_digits(name: str) -> None:
    assert_three_ways(*FUNCTIONS[name], normal(20, 8, mean=3000), header="activation", plain=False)


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(lambda x: F.leaky_relu(x, 0.0), id="leaky_relu of slope 0"),
        pytest.param(lambda x: F.leaky_relu(x, -0.1), id="leaky_relu of a negative slope"),
        pytest.param(lambda x: F.softplus(x, beta=2.0), id="softplus with beta"),
        pytest.param(lambda x: F.softplus(x, threshold=5.0), id="softplus with threshold"),
        pytest.param(lambda x: F.softmax(x, 0), id="softmax along another dimension"),
        pytest.param(lambda x: F.log_softmax(x, 1), id="log_softmax along another dimension"),
    ],
)
def test_other_options_are_left_to_jittor(function: partial) -> None:
    assert_without("activation", lambda: function(jt.zeros((3, 4, 5))))


@ALL
def test_float64_is_left_to_jittor(name: str) -> None:
    with jt.flag_scope(auto_convert_64_to_32=0):
        assert_without("activation", lambda: FUNCTIONS[name][0](jt.zeros((3, 4)).float64()))


@ALL
def test_without_elements(name: str) -> None:
    for shape in ((0, 3), (3, 0)):
        assert FUNCTIONS[name][0](jt.zeros(shape)).numpy().shape == shape
