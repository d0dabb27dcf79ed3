"""Arrays that wait in a temporary file are the same when they come back."""

import numpy as np
import pytest

from jtmigrate.trace.store import SMALL, ArrayStore, stored

LARGE = np.arange(SMALL, dtype=np.float64).reshape(4, -1)


@pytest.mark.parametrize(
    "array",
    [LARGE, LARGE.T, LARGE[:, ::2], LARGE > 7, np.array(3.0, np.float32), np.zeros((0, 3)), np.array([np.nan, -0.0])],
    ids=["large", "transposed", "strided", "boolean", "scalar", "empty", "small"],
)
def test_an_array_comes_back_bit_for_bit(array):
    store = ArrayStore()
    other = stored(store, {"other": LARGE + 1})
    back = stored(store, {"x": array})["x"]
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()
    np.testing.assert_array_equal(other["other"], LARGE + 1)


def test_what_was_stored_does_not_change_with_its_source():
    small, large = np.ones(3), LARGE.copy()
    kept = stored(ArrayStore(), {"small": small, "large": large})
    small += 1
    large += 1
    np.testing.assert_array_equal(kept["small"], np.ones(3))
    np.testing.assert_array_equal(kept["large"], LARGE)


def test_without_a_store_the_arrays_stay_where_they_are():
    arrays = {"x": LARGE}
    assert stored(None, arrays)["x"] is LARGE
