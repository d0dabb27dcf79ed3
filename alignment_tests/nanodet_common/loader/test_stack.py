from pathlib import Path

import numpy as np
import pytest

from nanodet_common.datasets.dataset import ImageRecord
from nanodet_common.loader.batch import Sample
from nanodet_common.loader.stack import stack


def sample(height, width, value=1.0):
    record = ImageRecord(1, Path("a.jpg"), (9, 9), *np.empty((4, 0)))
    return Sample(
        np.full((3, height, width), value, np.float32), np.zeros((2, 4), np.float32), np.arange(2), np.eye(3), record
    )


def test_images_are_filled_up_with_zeros_at_the_right_and_at_the_bottom():
    batch = stack([sample(33, 20, 5), sample(10, 64, 7)])
    assert batch.images.shape == (2, 3, 64, 64)
    assert batch.images.dtype == np.float32
    assert (batch.images[0, :, :33, :20] == 5).all()
    assert (batch.images[1, :, :10, :64] == 7).all()
    assert batch.images.sum() == 3 * (33 * 20 * 5 + 10 * 64 * 7)


@pytest.mark.parametrize(("size", "expected"), [((64, 96), (64, 96)), ((1, 1), (32, 32)), ((320, 179), (320, 192))])
def test_size_is_rounded_up_to_what_the_detectors_need(size, expected):
    assert stack([sample(*size)]).images.shape[2:] == expected


def test_the_rest_has_one_entry_an_image():
    samples = [sample(32, 32), sample(32, 32)]
    batch = stack(samples)
    assert [len(part) for part in batch] == [2, 2, 2, 2, 2]
    assert batch.boxes[1] is samples[1].boxes
    assert batch.records[0] is samples[0].record


def test_images_are_copied():
    one = sample(32, 32)
    batch = stack([one])
    one.image[:] = 9
    assert (batch.images == 1).all()
