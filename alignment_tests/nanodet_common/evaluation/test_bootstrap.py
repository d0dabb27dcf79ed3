"""Tolerance: 1e-12 for sums of the same numbers in another order."""

from dataclasses import replace

import numpy as np
import pytest

from alignment_tests.nanodet_common.evaluation.sets import random_case
from nanodet_common.errors import InputError
from nanodet_common.evaluation.bootstrap import bootstrap, mean_average_precision
from nanodet_common.evaluation.coco import coco_metrics, matched


@pytest.mark.parametrize("seed", range(5))
def test_all_images_once_give_cocos_map(seed: int):
    images, detections = random_case(seed)
    found = bootstrap(images, {"a": detections}, samples=2)
    assert found.values["a"] == pytest.approx(coco_metrics(images, detections).values["mAP"], abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_an_image_drawn_twice_counts_as_two_images(seed: int):
    """Held against COCO's mAP of a data set in which the image really stands twice, and another not at all.

    No two scores are equal: the copies of equal ones would stand in another order.
    """
    images, detections = random_case(seed)
    random = np.random.default_rng(seed)
    detections = {
        image: one._replace(scores=np.sort(random.random(len(one.scores)))[::-1]) for image, one in detections.items()
    }
    times = random.integers(0, 4, len(images))
    copies = [(one, number) for one, count in zip(images.images, times, strict=True) for number in range(count)]
    drawn = replace(images, images=tuple(replace(one, image_id=1000 * one.image_id + k) for one, k in copies))
    found = {1000 * record.image_id + number: detections[record.image_id] for record, number in copies}
    expected = coco_metrics(drawn, found).values["mAP"]
    assert mean_average_precision(matched(images, detections), times) == pytest.approx(expected, abs=1e-12)


def test_only_the_chosen_classes():
    images, detections = random_case(0)
    expected = coco_metrics(images, detections).classes[1].values["AP"]
    found = bootstrap(images, {"a": detections}, classes=[1], samples=2)
    assert found.values["a"] == pytest.approx(expected, abs=1e-12)
    with pytest.raises(InputError, match="none of the chosen classes"):
        bootstrap(images, {"a": detections}, classes=[], samples=2)


def test_intervals():
    """The same run twice does not differ on any sample; a run without half of its detections does, on nearly all."""
    images, detections = random_case(1)
    half = {image: type(one)(*(part[: len(part) // 2] for part in one)) for image, one in detections.items()}
    found = bootstrap(images, {"all": detections, "again": detections, "half": half}, samples=200)
    assert found.difference("all", "again") == (0, 0, 0)
    value, low, high = found.interval("all")
    assert low < value < high
    worse = found.difference("half", "all")
    assert worse.high < 0
    assert worse.high - worse.low < high - low
    again = bootstrap(images, {"all": detections}, samples=200)
    assert again.interval("all") == found.interval("all")
