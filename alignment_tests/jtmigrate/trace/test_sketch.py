import numpy as np
import pytest

from jtmigrate.compare import metrics
from jtmigrate.compare.floor import noise_floor
from jtmigrate.trace.sketch import CHUNK, Sketch, sketch, values_digest


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_exact_facts():
    array = np.array([[3.0, -5.0], [0.5, 1.0]], np.float32)
    kept = sketch(array)
    assert (kept.shape, kept.dtype, kept.size) == ((2, 2), np.float32, 4)
    assert (kept.scale, kept.minimum, kept.maximum) == (5.0, -5.0, 3.0)
    assert kept.l2 == pytest.approx(np.sqrt(35.25), rel=1e-15)
    assert kept.sha256 == values_digest(array)
    assert not kept.places


def test_values_that_are_not_finite_are_counted_and_placed():
    array = np.array([np.nan, 1.0, -np.inf, np.inf])
    kept = sketch(array)
    assert (kept.nans, kept.infs, kept.scale) == (1, 2, 1.0)
    assert metrics.has_nonfinite(kept)
    assert metrics.differing_nonfinite(kept, array) == 0
    assert metrics.differing_nonfinite(kept, np.array([np.nan, 1.0, np.inf, np.inf])) > 0
    assert metrics.differing_nonfinite(kept, np.array([1.0, np.nan, -np.inf, np.inf])) > 0


def test_integers_of_any_width_are_equal_by_value():
    assert metrics.same_bits(sketch(np.arange(5, dtype=np.int32)), sketch(np.arange(5, dtype=np.int64)))
    assert metrics.tensor_error(sketch(np.arange(5)), np.arange(5) + np.array([0, 0, 0, 0, 1])).max_abs >= 1


@pytest.mark.parametrize("shape", [(), (0,), (1,), (7, 3), (50, 1000)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64, np.bool_])
def test_equal_arrays_have_no_error(shape, dtype):
    array = (noise(*shape) * 9).astype(dtype)
    error = metrics.tensor_error(sketch(array), array)
    assert (error.max_abs, error.scaled, error.cosine) == (0, 0, 1)
    assert metrics.same_bits(array, sketch(array))


@pytest.mark.parametrize("size", [1, 10, 1_000, 100_000])
@pytest.mark.parametrize("relative", [1e-7, 1e-3, 1.0])
def test_the_spread_of_a_difference_is_estimated(size, relative):
    """24 sums tell a variance to about 30 %, so a spread to 15 %: within a factor of 2 at four deviations."""
    a = noise(size)
    b = a + relative * noise(size, seed=1)
    true, estimated = metrics.tensor_error(a, b), metrics.tensor_error(sketch(a), sketch(b))
    assert 0.5 < estimated.max_abs / true.max_abs < 2
    assert estimated.scale == true.scale
    if size > 100:
        assert abs((1 - estimated.cosine) - (1 - true.cosine)) <= 0.9 * (1 - true.cosine) + 1e-12


def test_a_difference_is_never_estimated_as_none():
    a = noise(1_000_000)
    b = a.copy()
    b[123_456] += 1e-3
    assert 0 < metrics.tensor_error(sketch(a), sketch(b)).max_abs < 1e-3
    assert not metrics.same_bits(sketch(a), sketch(b))


def test_the_noise_floor_is_estimated_too():
    exact = noise(10_000)
    rounded = exact.astype(np.float32) * np.float32(1 + 1e-5)
    assert 0.3 < noise_floor(sketch(rounded), sketch(exact)) / noise_floor(rounded, exact) < 3


def test_large_arrays_are_summed_up_in_parts():
    whole = noise(CHUNK + 1000).astype(np.float32)
    other = whole.copy()
    other[CHUNK:] += 0.5
    assert metrics.tensor_error(sketch(whole), sketch(other)).max_abs > 1e-2
    assert sketch(whole).scale == np.abs(whole).max()


def test_an_unmeasured_sketch_that_differs_is_infinitely_far():
    array = noise(5)
    kept = Sketch(array.shape, array.dtype, values_digest(array))
    assert metrics.tensor_error(kept, array).max_abs == 0
    assert metrics.tensor_error(kept, array + 1e-9).max_abs == np.inf
