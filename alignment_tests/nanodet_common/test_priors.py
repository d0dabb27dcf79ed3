import numpy as np
import pytest

from nanodet_common.priors import center_priors


def test_cells_row_by_row_and_level_by_level():
    priors = center_priors((16, 24), (8, 16))
    expected = [[0, 0, 8, 8], [8, 0, 8, 8], [16, 0, 8, 8], [0, 8, 8, 8], [8, 8, 8, 8], [16, 8, 8, 8]]
    expected += [[0, 0, 16, 16], [16, 0, 16, 16]]
    np.testing.assert_array_equal(priors, expected)
    assert priors.dtype == np.float32


@pytest.mark.parametrize(
    ("input_hw", "points"),
    [((320, 320), 2125), ((416, 416), 3598), ((179, 320), 23 * 40 + 12 * 20 + 6 * 10 + 3 * 5)],
)
def test_sides_are_rounded_up(input_hw, points):
    assert center_priors(input_hw, (8, 16, 32, 64)).shape == (points, 4)
