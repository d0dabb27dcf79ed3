from pathlib import Path

import numpy as np
import pytest

from nanodet_common.config import load_config
from nanodet_common.datasets.dataset import ImageRecord
from nanodet_common.preprocess import load_image
from nanodet_common.transforms.pipeline import training_sample, validation_sample

DATA = load_config("nanodet-plus-m_320").data
NEUTRAL = DATA.val
IDENTITY = ((0.0, 0.0, 0.0), (255.0, 255.0, 255.0))
PAINTED = ((80, 60, 150, 140), (200, 40, 280, 100), (120, 170, 300, 230))
COLORS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
"""Pure blue, green, red: each fills one channel."""


def record(boxes, labels=None, crowd=None, size=(400, 300)):
    boxes = np.float32(boxes).reshape(-1, 4)
    count = len(boxes)
    return ImageRecord(
        image_id=1,
        file=Path("image.jpg"),
        size=size,
        boxes=boxes,
        labels=np.arange(count) if labels is None else np.int64(labels),
        difficult=np.zeros(count, bool),
        crowd=np.zeros(count, bool) if crowd is None else np.array(crowd),
    )


def config(*, keep_ratio=False, input_size=(320, 320), **pipeline):
    """The validation configuration with another pipeline."""
    pipeline = NEUTRAL.pipeline.model_copy(update=pipeline)
    return NEUTRAL.model_copy(update={"pipeline": pipeline, "keep_ratio": keep_ratio, "input_size": input_size})


def painted():
    pixels = np.zeros((300, 400, 3), np.uint8)
    for (left, top, right, bottom), color in zip(PAINTED, COLORS, strict=True):
        pixels[top:bottom, left:right] = color
    return pixels


def generator(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("keep_ratio", [True, False])
def test_validation_is_that_of_the_original(keep_ratio, shared):
    golden = np.load(shared / "golden" / "preprocess_2007_000032_320.npz")
    pixels = load_image(shared / "golden" / "2007_000032.jpg")
    boxes = [[104, 78, 375, 183], [133, 88, 197, 123], [195, 180, 213, 229], [26, 189, 44, 238]]
    sample = validation_sample(pixels, record(boxes, size=(500, 281)), config(keep_ratio=keep_ratio))
    np.testing.assert_allclose(sample.image, golden[f"img_keep_ratio_{keep_ratio}"], rtol=0, atol=1e-6)
    np.testing.assert_allclose(sample.warp_matrix, golden[f"warp_matrix_keep_ratio_{keep_ratio}"], rtol=0, atol=1e-12)
    # Float32 pixels up to 320.
    np.testing.assert_allclose(sample.boxes, golden[f"gt_bboxes_keep_ratio_{keep_ratio}"], rtol=0, atol=3e-5)


@pytest.mark.parametrize("keep_ratio", [True, False])
@pytest.mark.parametrize("size", [(500, 281), (333, 500), (1, 1)])
def test_training_without_augmentation_is_validation(keep_ratio, size):
    pixels = generator().integers(0, 256, (size[1], size[0], 3), np.uint8)
    found = record([[0, 0, *size]], size=size)
    neutral = config(keep_ratio=keep_ratio)
    trained, validated = training_sample(pixels, found, neutral, generator()), validation_sample(pixels, found, neutral)
    for one, other in zip(trained[:-1], validated[:-1], strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


def test_validation_leaves_augmentation_out():
    sample = validation_sample(painted(), record(PAINTED), DATA.train)
    np.testing.assert_array_equal(sample.image, validation_sample(painted(), record(PAINTED), DATA.val).image)


def test_boxes_follow_the_pixels():
    """Painted boxes are found where the sample says that they are, within a pixel of blur, as long as nothing turns."""
    changes = config(
        scale=(0.6, 1.4),
        stretch=((0.8, 1.2), (0.8, 1.2)),
        translate=0.2,
        flip=0.5,
        normalize=IDENTITY,
    )
    checked = 0
    for seed in range(40):
        sample = training_sample(painted(), record(PAINTED), changes, generator(seed))
        for channel, box in zip(sample.image, sample.boxes, strict=True):
            rows, columns = np.nonzero(channel > 0.5)
            if rows.size:
                found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
                np.testing.assert_allclose(found, box, atol=1.5)
                checked += 1
    assert checked > 100


def test_boxes_hold_the_pixels_that_turn():
    changes = config(
        rotation=30,
        shear=15,
        perspective=5e-4,
        scale=(0.5, 0.6),
        normalize=IDENTITY,
    )
    for seed in range(40):
        sample = training_sample(painted(), record(PAINTED), changes, generator(seed))
        for channel, box in zip(sample.image, sample.boxes, strict=True):
            rows, columns = np.nonzero(channel > 0.5)
            # The upright hull of the turned box: its corners are its pixels, within the blur.
            found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            np.testing.assert_allclose(found, box, atol=2)


def test_flip_mirrors_boxes():
    plain = training_sample(painted(), record(PAINTED), config(), generator())
    mirrored = training_sample(painted(), record(PAINTED), config(flip=1.0), generator())
    np.testing.assert_allclose(
        mirrored.boxes[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [320, 0, 320, 0], plain.boxes, atol=1e-4
    )


def test_colour_is_changed_before_normalisation():
    pixels = np.full((10, 10, 3), 51, np.uint8)
    brighter = config(brightness=0.2, normalize=((25.5, 51.0, 76.5), (51.0, 51.0, 51.0)))
    values = {
        tuple(np.round(training_sample(pixels, record([]), brighter, generator(seed)).image[:, 5, 5], 6).tolist())
        for seed in range(30)
    }
    shifts = np.array([np.subtract(value, (0.5, 0, -0.5)) for value in values])
    # 0.2 of the full range is one standard deviation here; every channel is shifted alike.
    assert (abs(shifts) <= 1 + 1e-5).all()
    assert np.ptp(shifts, axis=1).max() < 1e-5
    assert len(values) > 5


def test_same_generator_same_bytes_and_inputs_untouched():
    pixels, found = painted(), record(PAINTED)
    first, second = (training_sample(pixels, found, DATA.train, generator(7)) for _ in range(2))
    assert first.image.tobytes() == second.image.tobytes()
    np.testing.assert_array_equal(first.boxes, second.boxes)
    np.testing.assert_array_equal(pixels, painted())
    np.testing.assert_array_equal(found.boxes, PAINTED)
    assert training_sample(pixels, found, DATA.train, generator(8)).image.tobytes() != first.image.tobytes()


def test_crowds_and_boxes_thinner_than_a_pixel_are_left_out():
    boxes = [[0, 0, 50, 50], [10, 10, 60, 60], [5, 5, 5.9, 90], [5, 5, 90, 5.9], [1, 1, 2, 2]]
    found = record(boxes, labels=[0, 1, 2, 3, 4], crowd=[False, True, False, False, False])
    for sample in (
        validation_sample(painted(), found, config()),
        training_sample(painted(), found, config(), generator()),
    ):
        assert sample.labels.tolist() == [0, 4]
        assert len(sample.boxes) == 2


def test_object_outside_the_view_stays_as_a_box_without_area():
    far = config(translate=0.0, scale=(4.0, 4.0))
    sample = training_sample(painted(), record([[0, 0, 40, 30]]), far, generator())
    np.testing.assert_array_equal(sample.boxes, [[0, 0, 0, 0]])


def test_no_objects():
    sample = training_sample(painted(), record([]), DATA.train, generator())
    assert (sample.boxes.shape, sample.labels.shape) == ((0, 4), (0,))
    assert sample.boxes.dtype == np.float32


@pytest.mark.parametrize("shape", [(1, 1), (6000, 8000), (2000, 1), (1, 2000)])
@pytest.mark.parametrize("keep_ratio", [True, False])
def test_extreme_pictures(shape, keep_ratio):
    found = record([[0, 0, shape[1], shape[0]]], size=shape[::-1])
    settings = DATA.train.model_copy(update={"keep_ratio": keep_ratio})
    sample = training_sample(np.full((*shape, 3), 99, np.uint8), found, settings, generator())
    assert sample.image.shape[0] == 3
    assert min(sample.image.shape) > 0
    assert max(sample.image.shape) <= 320
    assert np.isfinite(sample.image).all()
    assert np.isfinite(sample.boxes).all()


def test_width_comes_before_height():
    sample = training_sample(painted(), record(PAINTED), config(input_size=(416, 320)), generator())
    assert sample.image.shape == (3, 320, 416)
    np.testing.assert_allclose(sample.boxes, np.float32(PAINTED) * np.float32([416 / 400, 320 / 300] * 2), rtol=1e-6)
