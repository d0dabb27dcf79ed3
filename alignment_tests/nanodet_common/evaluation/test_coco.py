"""Tolerance: none where the same arithmetic runs on the same numbers, else 1e-9 for the sums of floating point."""

import json
from dataclasses import replace

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from alignment_tests.nanodet_common.evaluation.sets import dataset, found, image, random_case
from nanodet_common.evaluation.coco import coco_metrics

BOX = (10, 10, 50, 50)
LEFT_HALF = (10, 10, 30, 50)  # IoU exactly 0.5 with BOX
ELSEWHERE = (100, 10, 140, 50)


def test_the_test_set_has_the_original_s_numbers(shared, golden_run):
    """The detections are complete, and seven digits of them give every digit."""
    *_, metrics = golden_run
    facts = json.loads((shared / "golden" / "map.json").read_text())
    expected = next(values for name, values in facts.items() if "416" in name)
    ours = {name.replace("AP5", "AP_5").replace("AP7", "AP_7"): value for name, value in metrics.values.items()}
    ours["AP_m"], ours["AP_l"] = ours.pop("AP_medium"), ours.pop("AP_large")
    assert ours == pytest.approx(expected, abs=1e-9)
    assert (metrics.images, metrics.objects, metrics.detections) == (1035, 2691, 88701)


@pytest.mark.parametrize("seed", range(5))
def test_the_same_as_pycocotools_by_its_own_door(seed, capsys):
    """Through COCO objects and its own preparation, crowds included."""
    images, detections = random_case(seed)
    ours = coco_metrics(images, detections)
    assert capsys.readouterr().out == ""

    truth = COCO()
    truth.dataset = {"images": [], "annotations": [], "categories": [{"id": k} for k in range(3)], "info": {}}
    rows = []
    for record in images.images:
        truth.dataset["images"].append({"id": record.image_id})
        for (x1, y1, x2, y2), label, crowd in zip(
            record.boxes.astype(float).tolist(), record.labels.tolist(), record.crowd.tolist(), strict=True
        ):
            truth.dataset["annotations"].append(
                {
                    "id": len(truth.dataset["annotations"]) + 1,
                    "image_id": record.image_id,
                    "category_id": label,
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": (x2 - x1) * (y2 - y1),
                    "iscrowd": int(crowd),
                }
            )
        for (x1, y1, x2, y2), score, label in zip(
            *(array.tolist() for array in map(np.asarray, detections[record.image_id])), strict=True
        ):
            box = [x1, y1, x2 - x1, y2 - y1]
            rows.append({"image_id": record.image_id, "category_id": label, "bbox": box, "score": score})
    truth.createIndex()
    evaluation = COCOeval(truth, truth.loadRes(rows), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    expected = [None if value == -1 else value for value in evaluation.stats[:6].tolist()]
    assert list(ours.values.values()) == expected


def test_iou_thresholds():
    """A box of IoU 0.5 is right at one of ten thresholds, and at it."""
    metrics = coco_metrics(dataset(image([BOX])), {1: found([LEFT_HALF], [0.9])})
    assert metrics.values["AP50"] == pytest.approx(1)
    assert metrics.values["mAP"] == pytest.approx(0.1)
    assert metrics.values["AP75"] == 0


def test_half_of_the_objects():
    """Recall 0.5 at full precision: 51 of the 101 recalls."""
    metrics = coco_metrics(dataset(image([BOX, ELSEWHERE])), {1: found([BOX], [0.9])})
    assert metrics.values["mAP"] == pytest.approx(51 / 101)
    assert metrics.classes[0].precision == pytest.approx([1.0] * 51 + [0.0] * 50)


def test_sizes():
    sizes = [(0, 0, 10, 10), (0, 0, 50, 50), (0, 0, 150, 90)]
    images = dataset(*(image([box], number=number) for number, box in enumerate(sizes, start=1)))
    metrics = coco_metrics(images, {1: found(), 2: found([sizes[1]], [0.9]), 3: found()})
    assert [metrics.values[f"AP_{name}"] for name in ("small", "medium", "large")] == pytest.approx([0, 1, 0])
    without_large = coco_metrics(dataset(*images.images[:2]), {1: found(), 2: found()})
    assert without_large.values["AP_large"] is None


def difficult_case(*boxes):
    """An easy object that is found last, and a difficult one."""
    return dataset(image([ELSEWHERE, BOX], difficult=[False, True])), {
        1: found([*boxes, ELSEWHERE], [0.9, 0.8, 0.7][: len(boxes) + 1])
    }


def test_difficult_objects_count_unless_told_otherwise():
    images, detections = difficult_case()
    assert coco_metrics(images, detections).values["AP50"] == pytest.approx(51 / 101)
    ignoring = coco_metrics(images, detections, difficult="ignore")
    assert ignoring.values["AP50"] == pytest.approx(1)
    assert (ignoring.objects, ignoring.classes[0].objects, ignoring.difficult) == (1, 1, "ignore")


def test_what_matches_an_ignored_object_is_neither_right_nor_false():
    assert coco_metrics(*difficult_case(BOX), difficult="ignore").values["AP50"] == pytest.approx(1)


def test_an_ignored_object_matches_once():
    assert coco_metrics(*difficult_case(BOX, BOX), difficult="ignore").values["AP50"] == pytest.approx(1 / 2)


def test_an_ignored_object_is_matched_by_the_ordinary_iou():
    """A small box within it is false; within a crowd it would be ignored."""
    within = (10, 10, 20, 20)
    assert coco_metrics(*difficult_case(within), difficult="ignore").values["AP50"] == pytest.approx(1 / 2)
    crowd = dataset(image([ELSEWHERE, BOX], crowd=[False, True]))
    metrics = coco_metrics(crowd, {1: found([within, within, ELSEWHERE], [0.9, 0.8, 0.7])})
    assert metrics.values["AP50"] == pytest.approx(1)
    assert metrics.objects == 1


def test_an_outline_s_area_decides_which_sizes_an_object_belongs_to():
    record = image([(0, 0, 40, 40)])
    detections = {1: found([(0, 0, 40, 40)], [0.5])}
    for areas, size in ((None, "medium"), (np.array([1000.0]), "small")):
        values = coco_metrics(dataset(replace(record, areas=areas)), detections).values
        assert values[f"AP_{size}"] == pytest.approx(1)
        assert values["AP_large"] is None
