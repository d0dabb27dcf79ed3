import colorsys

import numpy as np
import pytest

from nanodet_common.config import PipelineConfig
from nanodet_common.transforms.color import ColorChange, change_color, draw_color_change

NORMALIZE = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
PUBLISHED = PipelineConfig(brightness=0.2, contrast=(0.6, 1.4), saturation=(0.5, 1.2), normalize=NORMALIZE)


@pytest.fixture
def image():
    return np.random.default_rng(0).random((20, 30, 3), np.float32)


def test_brightness_is_added_to_everything(image):
    np.testing.assert_array_equal(change_color(image, ColorChange(brightness=0.15)), image + np.float32(0.15))


def test_contrast_multiplies_everything(image):
    np.testing.assert_array_equal(change_color(image, ColorChange(contrast=1.3)), image * np.float32(1.3))


@pytest.mark.parametrize("factor", [0.5, 1.0, 0.0])
def test_saturation_multiplies_the_saturation(factor, image):
    """OpenCV's conversions, against Python's: both are exact but for float32 and an epsilon of 1e-7 in a divisor."""
    expected = []
    for blue, green, red in image.reshape(-1, 3).astype(float):
        hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
        expected.append(colorsys.hsv_to_rgb(hue, saturation * factor, value)[::-1])
    changed = change_color(image, ColorChange(saturation=factor))
    np.testing.assert_allclose(changed.reshape(-1, 3), expected, atol=1e-5)


def test_order_is_brightness_contrast_saturation(image):
    together = change_color(image, ColorChange(0.15, 0.7, 0.6))
    for change in (ColorChange(brightness=0.15), ColorChange(contrast=0.7), ColorChange(saturation=0.6)):
        image = change_color(image, change)
    np.testing.assert_array_equal(together, image)


def test_image_itself_is_left_alone(image):
    before = image.copy()
    change_color(image, ColorChange(0.1, 0.7, 0.6))
    np.testing.assert_array_equal(image, before)


def test_no_change(image):
    np.testing.assert_array_equal(change_color(image, ColorChange()), image)


def test_what_is_not_configured_is_not_changed():
    pipeline = PipelineConfig(normalize=NORMALIZE)
    assert {draw_color_change(pipeline, np.random.default_rng(seed)) for seed in range(20)} == {ColorChange()}


def test_each_change_happens_half_of_the_time_within_its_range():
    random = np.random.default_rng(0)
    changes = [draw_color_change(PUBLISHED, random) for _ in range(4000)]
    happens = []
    for values, low, high in zip(zip(*changes, strict=True), (-0.2, 0.6, 0.5), (0.2, 1.4, 1.2), strict=True):
        drawn = np.array([value for value in values if value is not None])
        happens.append([value is not None for value in values])
        assert drawn.min() >= low
        assert drawn.max() <= high
        assert np.ptp(drawn) > 0.99 * (high - low)
        # 5 standard deviations of the mean of about 2,000 even draws, and of 4,000 tosses of a coin.
        assert abs(drawn.mean() - (low + high) / 2) < 5 * (high - low) / np.sqrt(12 * len(drawn))
        assert abs(len(drawn) / 4000 - 0.5) < 0.04
    # The three coins are independent of one another.
    assert abs(np.corrcoef(happens) - np.eye(3)).max() < 0.08
