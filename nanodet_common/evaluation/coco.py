"""Average precision as COCO defines it, by pycocotools."""

import io
from collections import defaultdict
from collections.abc import Mapping
from contextlib import redirect_stdout
from typing import Any, Literal

import numpy as np
from pycocotools.cocoeval import COCOeval

from nanodet_common.datasets.dataset import Dataset, ImageRecord
from nanodet_common.evaluation.metrics import ClassMetrics, Metrics, check_found, check_objects
from nanodet_common.postprocess import Detections

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
AT_50, AT_75 = 0, 5
AREAS = {"all": (0, 1e10), "small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 1e10)}
"""Ranges of an object's area, in square pixels of the file; that of a detection is its box's."""
MAX_DETECTIONS = 100
"""The best so many of a class in an image count."""

Entries = Mapping[tuple[int, int], list[dict[str, Any]]]


def coco_metrics(
    dataset: Dataset, found: Mapping[int, Detections], *, difficult: Literal["normal", "ignore"] = "normal"
) -> Metrics:
    """mAP, AP50, AP75, AP_small, AP_medium, AP_large over all classes; AP, AP50 and AP75 of each.

    difficult: "normal" treats objects marked difficult like all others. "ignore" does not count them, and neither a
    detection that matches one: pycocotools' `ignore` flag, which it sets for objects outside a range of areas. The IoU
    is the ordinary one and one detection an object can match, a further one is false. Crowds (`iscrowd`) are always
    ignored, with intersection over the detection's own area, and any number of detections can match one.

    Raises InputError for a set without images or without an object that counts, and as `check_found` does.
    """
    check_found(dataset, found)
    ignored = {
        record.image_id: record.crowd | (record.difficult & (difficult == "ignore")) for record in dataset.images
    }
    labels = [record.labels[~ignored[record.image_id]] for record in dataset.images]
    objects = np.bincount(np.concatenate(labels), minlength=len(dataset.class_names))
    check_objects(dataset, int(objects.sum()))

    evaluation = _Evaluation(_ground_truth(dataset, ignored), _detected(found))
    precision = evaluation.run(sorted(found), len(dataset.class_names))
    everything = precision[..., 0]
    return Metrics(
        protocol="COCO",
        difficult=difficult,
        values={
            "mAP": _mean(everything),
            "AP50": _mean(everything[AT_50]),
            "AP75": _mean(everything[AT_75]),
            **{f"AP_{name}": _mean(precision[..., index]) for index, name in enumerate(AREAS) if name != "all"},
        },
        classes=tuple(
            _class_metrics(name, int(count), everything[..., label])
            for label, (name, count) in enumerate(zip(dataset.class_names, objects, strict=True))
        ),
        images=len(dataset),
        objects=int(objects.sum()),
        detections=sum(len(detections.scores) for detections in found.values()),
    )


class _Evaluation(COCOeval):
    """pycocotools' evaluation of lists that are already there, which says nothing."""

    def __init__(self, ground_truth: Entries, detected: Entries):
        super().__init__(iouType="bbox")
        self._gts, self._dts = ground_truth, detected

    def _prepare(self) -> None:
        # Called by `evaluate`. The original collects from COCO objects and sets `ignore` to `iscrowd` throughout.
        self.evalImgs, self.eval = [], {}

    def run(self, image_ids: list[int], num_classes: int) -> np.ndarray:
        """Precision (IoU threshold, recall, class, area); -1 where no object counts."""
        self.params.imgIds, self.params.catIds = image_ids, list(range(num_classes))
        self.params.iouThrs, self.params.maxDets = IOU_THRESHOLDS, [MAX_DETECTIONS]
        self.params.areaRng, self.params.areaRngLbl = list(map(list, AREAS.values())), list(AREAS)
        with redirect_stdout(io.StringIO()):
            self.evaluate()
            self.accumulate()
        return self.eval["precision"][..., 0]


def _ground_truth(dataset: Dataset, ignored: Mapping[int, np.ndarray]) -> Entries:
    entries = defaultdict(list)
    for record in dataset.images:
        for entry, label, ignore in zip(_objects(record), record.labels, ignored[record.image_id], strict=True):
            entry["ignore"] = int(ignore)
            entries[record.image_id, int(label)].append(entry)
    return entries


def _objects(record: ImageRecord) -> list[dict[str, Any]]:
    entries = _entries(record.boxes)
    areas = [entry["area"] for entry in entries] if record.areas is None else record.areas.tolist()
    return [
        {**entry, "iscrowd": int(crowd), "area": area}
        for entry, crowd, area in zip(entries, record.crowd, areas, strict=True)
    ]


def _detected(found: Mapping[int, Detections]) -> Entries:
    entries = defaultdict(list)
    for image_id, detections in found.items():
        scored = zip(_entries(detections.boxes), detections.scores, detections.labels, strict=True)
        for entry, score, label in scored:
            entries[image_id, int(label)].append({**entry, "score": float(score)})
    return entries


def _entries(boxes: np.ndarray) -> list[dict[str, Any]]:
    """Boxes (n, 4) as pycocotools wants them. Numbers begin with 1: a match is a number, and 0 means none."""
    x1, y1, x2, y2 = boxes.astype(np.float64).T
    rows = np.stack([x1, y1, x2 - x1, y2 - y1], axis=1).tolist()
    return [{"id": number, "bbox": row, "area": row[2] * row[3]} for number, row in enumerate(rows, start=1)]


def _class_metrics(name: str, objects: int, precision: np.ndarray) -> ClassMetrics:
    """From precision (IoU threshold, recall)."""
    values = {"AP": _mean(precision), "AP50": _mean(precision[AT_50]), "AP75": _mean(precision[AT_75])}
    return ClassMetrics(name, objects, values, tuple(precision[AT_50].tolist()) if objects else None)


def _mean(precision: np.ndarray) -> float | None:
    measured = precision[precision > -1]
    return float(measured.mean()) if measured.size else None
