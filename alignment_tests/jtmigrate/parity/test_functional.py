"""Each function of `jtmigrate.parity.functional` against its original."""

from collections.abc import Callable

import jittor as jt
import numpy as np
import pytest
import torch
import torch.nn.functional as torch_functional

from alignment_tests.jtmigrate.parity.against_torch import assert_same
from jtmigrate.parity import functional as F

BOTH = pytest.mark.parametrize("dtype", ["float32", "float64"])
WIDE = np.concatenate([np.random.RandomState(1).standard_normal(500) * 5, np.linspace(-80, 80, 321), [0.0, -0.0]])
TARGET = np.random.RandomState(2).uniform(size=WIDE.shape)
LOGITS = np.random.RandomState(3).standard_normal((50, 8)) * 20


@BOTH
@pytest.mark.parametrize(
    ("original", "port", "values"),
    [
        pytest.param(
            lambda x: torch_functional.leaky_relu(x, 0.1), lambda x: F.leaky_relu(x, 0.1), WIDE, id="leaky_relu"
        ),
        pytest.param(torch.sigmoid, F.sigmoid, WIDE, id="sigmoid"),
        pytest.param(lambda x: -torch_functional.logsigmoid(-x), F.softplus, WIDE, id="softplus"),
        pytest.param(lambda x: x.clamp(min=0, max=6.9), lambda x: F.clamp(x, 0, 6.9), WIDE, id="clamp"),
        pytest.param(lambda x: x.pow(2), lambda x: F.pow(x, 2), WIDE, id="square"),
        pytest.param(lambda x: x.abs().pow(1.5), lambda x: F.pow(x.abs() + 0, 1.5), WIDE[:400], id="pow"),
        pytest.param(lambda x: x.log_softmax(-1), lambda x: F.log_softmax(x, -1), LOGITS, id="log_softmax"),
        pytest.param(lambda x: x.softmax(-1), lambda x: F.softmax(x, -1), LOGITS, id="softmax"),
    ],
)
def test_same_as_torch(original: Callable, port: Callable, values: np.ndarray, dtype: str) -> None:
    assert_same(original, port, values, dtype=dtype)


@BOTH
def test_log1p_is_exact_for_small_values(dtype: str) -> None:
    """log(1 + x) taken literally is off by 6e-4 at 1e-4 in float32."""
    assert_same(torch.log1p, F.log1p, np.logspace(-12, 0, 60), dtype=dtype)


@BOTH
def test_binary_cross_entropy_with_logits(dtype: str) -> None:
    assert_same(
        lambda x: torch_functional.binary_cross_entropy_with_logits(
            x, torch.from_numpy(TARGET).to(x.dtype), reduction="none"
        ),
        lambda x: F.binary_cross_entropy_with_logits(x, F.array(TARGET, like=x), reduction="none"),
        WIDE,
        dtype=dtype,
    )


@BOTH
def test_moments_survive_a_large_mean(dtype: str) -> None:
    """Stock Jittor's E[x^2] - E[x]^2 has no digit left at mean 3000."""
    x = (np.random.RandomState(4).standard_normal((2, 3, 20, 24)) + 3000).astype(dtype)
    with jt.flag_scope(auto_convert_64_to_32=0):
        mean, deviation, var = F.moments(jt.array(x), (2, 3, 0))
        found = mean.numpy().ravel(), var.numpy().ravel()
    wide = x.astype(np.float64)
    np.testing.assert_allclose(found[0], wide.mean((0, 2, 3)), rtol=1e-14)
    np.testing.assert_allclose(found[1], wide.var((0, 2, 3)), rtol=1e-6 if dtype == "float32" else 1e-12)
    assert str(deviation.dtype) == dtype


def test_mean_of_many_values_is_accurate_in_float32() -> None:
    """Jittor's own reduction is 9e-6 off here."""
    x = np.random.RandomState(5).standard_normal((2, 24, 160, 160)).astype(np.float32) + np.float32(0.5)
    found = F.mean(jt.array(x), (2, 3, 0)).numpy().ravel()
    np.testing.assert_allclose(found, x.astype(np.float64).mean((0, 2, 3)), rtol=1e-12)


def test_is_label_any_and_where() -> None:
    labels = np.array([[2, 0], [1, 2]], np.int32)
    assert (F.is_label(jt.array(labels), 3).numpy() == (labels[..., None] == np.arange(3))).all()
    mask = np.array([[True, False], [False, False]])
    assert (F.any(jt.array(mask), dim=1).numpy() == mask.any(1)).all()
    assert (F.where(jt.array(mask), jt.ones((2, 2)), 7.0).numpy() == np.where(mask, 1.0, 7.0)).all()
