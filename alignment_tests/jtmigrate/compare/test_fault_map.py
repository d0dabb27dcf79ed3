import numpy as np
import pytest

from jtmigrate.compare.fault_map import draw_map

ONES = np.ones((2, 5, 8, 6), np.float32)


def test_the_plane_of_the_largest_error_is_shown():
    wrong = ONES.copy()
    wrong[1, 3, 2, 4] = 3
    wrong[0, 1, 0, 0] = 1.5
    drawn = draw_map("output", ONES, wrong)
    assert (drawn.plane, drawn.rows, drawn.columns) == ("item 1, channel 3", 8, 6)
    assert drawn.errors[2][4] == 2.0
    assert np.count_nonzero(drawn.errors) == 1


@pytest.mark.parametrize("size", [1, 63, 64, 65, 127, 500])
def test_shrinking_keeps_every_error_and_stays_small(size):
    """A single wrong element must not be averaged away, wherever it lies."""
    for place in {0, size // 2, size - 1}:
        reference, wrong = np.ones((size, size)), np.ones((size, size))
        wrong[place, size - 1 - place] = 1.25
        errors = np.array(draw_map("output", reference, wrong).errors)
        assert max(errors.shape) <= 64
        assert errors.max() == 0.25
        assert np.count_nonzero(errors) == 1


def test_nan_on_one_side_is_infinite_and_on_both_sides_is_nothing():
    reference, wrong = np.array([[1.0, np.nan, np.inf, 2.0]]), np.array([[np.nan, np.nan, np.inf, 2.0]])
    assert draw_map("output", reference, wrong).errors == ((np.inf, 0.0, 0.0, 0.0),)


def test_a_parameter_is_shown_whole():
    drawn = draw_map("gradient of weight", np.ones((16, 4, 3, 3)), np.zeros((16, 4, 3, 3)), is_parameter=True)
    assert (drawn.plane, drawn.rows, drawn.columns) == ("", 16, 36)


@pytest.mark.parametrize("shape", [(), (7,), (3, 4), (2, 3, 4), (1, 2, 3, 4, 5, 6)])
def test_any_number_of_dimensions(shape):
    drawn = draw_map("output", np.ones(shape), np.zeros(shape))
    assert len(drawn.errors) == drawn.rows
    assert all(error == 1.0 for row in drawn.errors for error in row)
