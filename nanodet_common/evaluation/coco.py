"""Average precision as COCO defines it, by pycocotools."""

import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from typing import Any, Literal, NamedTuple

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
    evaluation, objects = _prepared(dataset, found, difficult)
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


class Matches(NamedTuple):
    """What became of a class's detections, the best first, at every IoU threshold.

    images   (detections,): place of its image in the data set
    right    (thresholds, detections) bool: it matches an object that counts
    counted  (thresholds, detections) bool: it is right or wrong, and not ignored
    objects  (images,): how many count
    """

    images: np.ndarray
    right: np.ndarray
    counted: np.ndarray
    objects: np.ndarray


def matched(
    dataset: Dataset, found: Mapping[int, Detections], *, difficult: Literal["normal", "ignore"] = "normal"
) -> list[Matches]:
    """What `coco_metrics` makes its averages of, for each class. Raises InputError as it does."""
    evaluation, _ = _prepared(dataset, found, difficult)
    places = {record.image_id: place for place, record in enumerate(dataset.images)}
    of_classes = evaluation.matches(sorted(found), len(dataset.class_names))
    return [_matches(of_class, places) for of_class in of_classes]


def _prepared(
    dataset: Dataset, found: Mapping[int, Detections], difficult: Literal["normal", "ignore"]
) -> tuple["_Evaluation", np.ndarray]:
    """The evaluation that can begin, and how many objects of each class count."""
    check_found(dataset, found)
    ignored = {
        record.image_id: record.crowd | (record.difficult & (difficult == "ignore")) for record in dataset.images
    }
    labels = [record.labels[~ignored[record.image_id]] for record in dataset.images]
    objects = np.bincount(np.concatenate(labels), minlength=len(dataset.class_names))
    check_objects(dataset, int(objects.sum()))
    return _Evaluation(_ground_truth(dataset, ignored), _detected(found)), objects


def _matches(of_images: Sequence[Mapping[str, Any]], places: Mapping[int, int]) -> Matches:
    """From pycocotools' results of one class in the images where it has an object or a detection."""
    objects = np.zeros(len(places), int)
    for one in of_images:
        objects[places[one["image_id"]]] = np.sum(np.asarray(one["gtIgnore"]) == 0)
    nothing = np.zeros((len(IOU_THRESHOLDS), 0))
    images = np.concatenate([[], *(np.full(len(one["dtScores"]), places[one["image_id"]]) for one in of_images)])
    scores = np.concatenate([[], *(one["dtScores"] for one in of_images)])
    hits = np.concatenate([nothing, *(one["dtMatches"] for one in of_images)], axis=1) > 0
    ignored = np.concatenate([nothing, *(one["dtIgnore"] for one in of_images)], axis=1) > 0
    best_first = np.argsort(-scores, kind="mergesort")  # As pycocotools, which keeps the order of equals.
    hits, counted = hits[:, best_first], ~ignored[:, best_first]
    return Matches(images[best_first].astype(int), hits & counted, counted, objects)


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
        self._set(image_ids, num_classes)
        with redirect_stdout(io.StringIO()):
            self.evaluate()
            self.accumulate()
        return self.eval["precision"][..., 0]

    def matches(self, image_ids: list[int], num_classes: int) -> list[list[Mapping[str, Any]]]:
        """For each class pycocotools' results of every image where it has an object or a detection."""
        self._set(image_ids, num_classes)
        self.params.areaRng, self.params.areaRngLbl = [list(AREAS["all"])], ["all"]
        with redirect_stdout(io.StringIO()):
            self.evaluate()
        count = len(image_ids)
        of_class = (self.evalImgs[label * count : (label + 1) * count] for label in range(num_classes))
        return [[one for one in of_images if one is not None] for of_images in of_class]

    def _set(self, image_ids: list[int], num_classes: int) -> None:
        self.params.imgIds, self.params.catIds = image_ids, list(range(num_classes))
        self.params.iouThrs, self.params.maxDets = IOU_THRESHOLDS, [MAX_DETECTIONS]
        self.params.areaRng, self.params.areaRngLbl = list(map(list, AREAS.values())), list(AREAS)


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
