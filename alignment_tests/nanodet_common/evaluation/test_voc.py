"""Against hand-made cases, and against the development kit's definition written down a second time, one by one.

Tolerance: 1e-12, for sums of floating point in another order.
"""

import math

import numpy as np
import pytest

from alignment_tests.nanodet_common.evaluation.sets import dataset, found, image, random_case
from nanodet_common.evaluation.voc import pixel_iou, voc_metrics

BOX = (10, 10, 49, 49)  # 40 x 40 pixels
ELSEWHERE = (100, 10, 139, 49)
AWAY = (60, 60, 90, 90)


def one_by_one(images, detections, label):
    """VOCevaldet.m and VOCap.m for one class: (area under the curve, eleven points)."""
    objects = {one.image_id: [] for one in images.images}
    positives = 0
    for record in images.images:
        for box, of, hard, crowd in zip(record.boxes, record.labels, record.difficult, record.crowd, strict=True):
            if of == label:
                ignored = bool(hard or crowd)
                objects[record.image_id].append({"box": box.astype(float), "ignored": ignored, "found": False})
                positives += not ignored
    claims = []
    for image_id, of_image in detections.items():
        claims += [
            (-score, image_id, box.astype(float)) for box, score, of in zip(*of_image, strict=True) if of == label
        ]
    claims.sort(key=lambda claim: claim[0])
    right, false, recall, precision = 0, 0, [], []
    for _, image_id, box in claims:
        best, nearest = -math.inf, None
        for candidate in objects[image_id]:
            other = candidate["box"]
            width = min(box[2], other[2]) - max(box[0], other[0]) + 1
            height = min(box[3], other[3]) - max(box[1], other[1]) + 1
            if width > 0 and height > 0:
                union = (
                    (box[2] - box[0] + 1) * (box[3] - box[1] + 1)
                    + (other[2] - other[0] + 1) * (other[3] - other[1] + 1)
                    - width * height
                )
                if width * height / union > best:
                    best, nearest = width * height / union, candidate
        if best >= 0.5:
            if nearest["ignored"]:
                pass
            elif nearest["found"]:
                false += 1
            else:
                nearest["found"] = True
                right += 1
        else:
            false += 1
        if right + false:
            recall.append(right / positives)
            precision.append(right / (right + false))
    eleven = 0
    for tenth in range(11):
        eleven += max((p for r, p in zip(recall, precision, strict=True) if r >= tenth / 10 - 1e-12), default=0) / 11
    recall, precision = [0, *recall, 1], [0, *precision, 0]
    for index in reversed(range(len(precision) - 1)):
        precision[index] = max(precision[index], precision[index + 1])
    steps = range(1, len(recall))
    return sum((recall[i] - recall[i - 1]) * precision[i] for i in steps), eleven


@pytest.mark.parametrize("seed", range(20))
def test_the_definition_one_by_one(seed):
    images, detections = random_case(seed)
    metrics = voc_metrics(images, detections)
    for label, ours in enumerate(metrics.classes):
        if ours.objects:
            expected = one_by_one(images, detections, label)
            assert (ours.values["AP"], ours.values["AP07"]) == pytest.approx(expected, abs=1e-12)


def test_the_real_detections_one_by_one(golden_run):
    images, detections, _ = golden_run
    metrics = voc_metrics(images, detections)
    for label in (2, 6, 14):  # 2, 965 and 767 objects
        values = metrics.classes[label].values
        assert (values["AP"], values["AP07"]) == pytest.approx(one_by_one(images, detections, label), abs=1e-12)
    assert metrics.objects < 2691


def test_right_false_right():
    """Precision 1 up to recall 1/2, 2/3 up to recall 1."""
    images = dataset(image([BOX, ELSEWHERE]))
    metrics = voc_metrics(images, {1: found([BOX, AWAY, ELSEWHERE], [0.9, 0.8, 0.7])})
    assert metrics.values["mAP"] == pytest.approx((1 + 2 / 3) / 2)
    assert metrics.values["mAP07"] == pytest.approx((6 * 1 + 5 * 2 / 3) / 11)
    assert metrics.classes[0].precision == pytest.approx([1.0] * 51 + [2 / 3] * 50)


def test_three_of_ten_is_a_recall_of_three_tenths():
    """0.3 is below 3 * 0.1 in floating point."""
    boxes = [(10 * k, 0, 10 * k + 8, 8) for k in range(10)]
    metrics = voc_metrics(dataset(image(boxes)), {1: found(boxes[:3], [0.9, 0.8, 0.7])})
    assert metrics.values["mAP07"] == pytest.approx(4 / 11)


def test_a_second_detection_of_an_object_is_false():
    metrics = voc_metrics(dataset(image([BOX, ELSEWHERE])), {1: found([BOX, BOX, ELSEWHERE], [0.9, 0.8, 0.7])})
    assert metrics.values["mAP"] == pytest.approx((1 + 2 / 3) / 2)


def test_difficult_objects_are_ignored_as_often_as_they_are_found():
    images = dataset(image([BOX, ELSEWHERE], difficult=[True, False]))
    metrics = voc_metrics(images, {1: found([BOX, BOX, ELSEWHERE], [0.9, 0.8, 0.7])})
    assert metrics.values["mAP"] == pytest.approx(1)
    assert (metrics.objects, metrics.difficult) == (1, "ignore")


def test_the_nearest_object_decides_even_if_it_is_taken():
    """The second detection overlaps both by half or more, but the first object most."""
    near = (10, 14, 49, 53)
    claims = found([BOX, (10, 11, 49, 50)], [0.9, 0.8])
    metrics = voc_metrics(dataset(image([BOX, near])), {1: claims})
    assert metrics.values["mAP"] == pytest.approx(0.5)


def test_classes_do_not_meet():
    metrics = voc_metrics(dataset(image([BOX, ELSEWHERE], [0, 1])), {1: found([BOX, BOX], [0.9, 0.8], [1, 0])})
    assert [one.values["AP"] for one in metrics.classes] == pytest.approx([1, 0])


def test_both_ends_of_a_box_are_pixels():
    boxes = np.array([[0.0, 0, 9, 9], [5, 0, 14, 9], [10, 0, 19, 9], [3, 3, 3, 3]])
    np.testing.assert_allclose(pixel_iou(boxes[:1], boxes), [[1, 50 / 150, 0, 1 / 100]], atol=1e-15)
