import numpy as np
import pytest

from jtmigrate.compare import metrics
from jtmigrate.compare.floor import LOWEST, noise_floor

NAN, INF = float("nan"), float("inf")


def f32(*values):
    return np.array(values, np.float32)


def test_scaled_error_and_ulp_refer_to_the_largest_value():
    error = metrics.tensor_error(f32(8, 1, 0, 0), f32(8, 1, 0, np.spacing(np.float32(8)) * 2))
    assert error.scale == 8
    assert error.scaled == error.max_abs / 8
    assert (error.ulp_p50, error.ulp_p99, error.ulp_max) == (0, 2, 2)


@pytest.mark.parametrize(
    ("a", "b", "scaled", "cosine"),
    [
        (f32(), f32(), 0, 1),
        (f32(0, 0), f32(0, 0), 0, 1),
        (f32(0, 0), f32(0, 1), INF, 0),
        (f32(1, 2), f32(-1, -2), 2, -1),
        (f32(1e-30, 0), f32(0, 1e-30), 1, 0),
        (np.float32(3).reshape(()), f32(3), 0, 1),
        (f32(NAN, 2), f32(NAN, 1), 0.5, 1),
    ],
)
def test_special_cases(a, b, scaled, cosine):
    error = metrics.tensor_error(a, b)
    assert error.scaled == scaled
    assert error.cosine == pytest.approx(cosine)


def test_error_is_computed_in_float64():
    assert metrics.tensor_error(f32(3e38), f32(-3e38)).max_abs == pytest.approx(6e38)
    assert metrics.tensor_error(np.array([2**40], np.int64), np.array([2**40 + 1], np.int64)).ulp_max == 1


@pytest.mark.parametrize(
    ("a", "b", "places"),
    [
        (f32(NAN, INF, 1), f32(NAN, INF, 2), 0),
        (f32(NAN, 1), f32(1, 1), 1),
        (f32(1, 1), f32(1, INF), 1),
        (f32(INF, 1), f32(-INF, 1), 1),
        (f32(INF, 1), f32(NAN, 1), 1),
        (np.array([1]), np.array([2]), 0),
    ],
)
def test_nonfinite_values_have_to_be_at_the_same_places(a, b, places):
    assert metrics.differing_nonfinite(a, b) == places


def test_bits_tell_zeros_apart():
    assert metrics.same_bits(f32(NAN, 0.0), f32(NAN, 0.0))
    assert not metrics.same_bits(f32(0.0), f32(-0.0))
    assert metrics.same_bits(np.array([1], np.int64), np.array([1], np.int32))


def test_floor_is_the_references_own_rounding_and_never_below_the_lowest():
    exact = np.array([1.0, 2.0])
    assert noise_floor(exact.astype(np.float32), exact) == LOWEST
    assert noise_floor(f32(1.0, 2.0), np.array([1.0, 2.001])) == pytest.approx(0.0005)
    assert noise_floor(f32(0.0), np.array([1e-9])) == 1.0
    assert noise_floor(f32(), np.empty(0)) == LOWEST
