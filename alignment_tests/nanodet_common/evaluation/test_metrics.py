"""What is refused before anything is counted, by either protocol alike."""

import json
from pathlib import Path

import numpy as np
import pytest

from alignment_tests.nanodet_common.evaluation.sets import dataset, found, image
from nanodet_common.datasets.dataset import Dataset, Problem
from nanodet_common.errors import InputError
from nanodet_common.evaluation.coco import coco_metrics
from nanodet_common.evaluation.voc import voc_metrics

BOX = (10, 10, 50, 50)
ONE = dataset(image([BOX]))

both = pytest.mark.parametrize("metrics", [coco_metrics, voc_metrics])


@both
def test_an_empty_set(metrics):
    with pytest.raises(InputError, match=r"the data set has no images$"):
        metrics(dataset(), {})


@both
def test_why_a_set_is_empty_is_told(metrics):
    problem = Problem("missing image", Path("a.xml"), "no a.jpg")
    with pytest.raises(InputError, match=r"no images \(1 problems, first: no a.jpg\)"):
        metrics(Dataset((), ("cat",), (problem,)), {})


@both
def test_a_set_without_objects(metrics):
    with pytest.raises(InputError, match=r"nothing to evaluate against: 2 images without an object that counts$"):
        metrics(dataset(image(), image(number=2)), {1: found([BOX], [0.9]), 2: found()})


@both
def test_a_set_of_crowds(metrics):
    with pytest.raises(InputError, match=r"all are crowds or marked difficult \(1\)"):
        metrics(dataset(image([BOX], crowd=[True])), {1: found()})


@both
@pytest.mark.parametrize(
    ("detections", "message"),
    [
        ({}, "1 of 1 images have no entry among the detections, the first is 1"),
        ({1: found(), 7: found()}, "detections for 1 images that the data set does not have, first 7"),
        ({1: found([BOX], [np.nan])}, "image 1: a box or a score of a detection is not a finite number"),
        ({1: found([(0, 0, np.inf, 1)], [0.5])}, "image 1: a box or a score"),
        ({1: found([BOX], [0.5], [2])}, r"image 1: a label of a detection is not within 0 \.\. 1"),
        ({1: found([BOX], [0.5], [-1])}, "image 1: a label"),
        ({1: found([BOX], [0.5, 0.4])}, r"image 1: \(1, 4\) boxes, 2 scores and 2 labels"),
    ],
)
def test_unusable_detections(metrics, detections, message):
    with pytest.raises(InputError, match=message):
        metrics(ONE, detections)


@both
def test_a_class_without_objects_has_no_value(metrics):
    result = metrics(ONE, {1: found([BOX, BOX], [0.9, 0.8], [0, 1])})
    cat, dog = result.classes
    assert (cat.objects, cat.values["AP"]) == (1, pytest.approx(1))
    assert (dog.objects, dog.precision) == (0, None)
    assert set(dog.values.values()) == {None}
    assert result.values["mAP"] == pytest.approx(1)


@both
def test_nothing_found_is_zero(metrics):
    result = metrics(ONE, {1: found()})
    assert result.values["mAP"] == 0
    assert result.classes[0].precision == (0,) * 101


@both
def test_json_has_numbers_and_null_only(metrics):
    text = json.dumps(metrics(ONE, {1: found()}).to_dict(), allow_nan=False)
    assert json.loads(text)["classes"][1]["values"]["AP"] is None
