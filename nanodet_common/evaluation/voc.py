"""Average precision as the PASCAL VOC development kit defines it (VOCevaldet.m, VOCap.m)."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from nanodet_common.datasets.dataset import Dataset, ImageRecord
from nanodet_common.evaluation.metrics import RECALLS, ClassMetrics, Metrics, check_found, check_objects, mean
from nanodet_common.postprocess import Detections

MIN_OVERLAP = 0.5


class Outcomes(NamedTuple):
    """What became of detections, in the same order: scores, labels, and whether they are right or ignored."""

    scores: np.ndarray
    labels: np.ndarray
    right: np.ndarray
    ignored: np.ndarray


def voc_metrics(dataset: Dataset, found: Mapping[int, Detections]) -> Metrics:
    """mAP (area under the curve, since 2010) and mAP07 (eleven points, 2007) over all classes, AP and AP07 of each.

    A detection belongs to the object of its class that it overlaps most, boxes counted as whole pixels with both
    ends. It is right if the IoU is at least 0.5 and no better detection has that object; ignored if that object is
    marked difficult (or a crowd); otherwise false. Of equal scores, the earlier image's counts first.

    Raises InputError for a set without images or without an object that counts, and as `check_found` does.
    """
    check_found(dataset, found)
    counted = np.concatenate([record.labels[~_is_ignored(record)] for record in dataset.images])
    objects = np.bincount(counted, minlength=len(dataset.class_names))
    check_objects(dataset, int(objects.sum()))

    parts = [image_outcomes(record, found[record.image_id]) for record in dataset.images]
    outcomes = Outcomes(*map(np.concatenate, zip(*parts, strict=True)))
    classes = tuple(
        _class_metrics(name, int(count), _of_class(outcomes, label))
        for label, (name, count) in enumerate(zip(dataset.class_names, objects, strict=True))
    )
    return Metrics(
        protocol="VOC",
        difficult="ignore",
        values={
            "mAP": mean([one.values["AP"] for one in classes]),
            "mAP07": mean([one.values["AP07"] for one in classes]),
        },
        classes=classes,
        images=len(dataset),
        objects=int(objects.sum()),
        detections=len(outcomes.scores),
    )


def image_outcomes(record: ImageRecord, detections: Detections) -> Outcomes:
    """What becomes of the detections of one image, best first."""
    order = np.argsort(-detections.scores, kind="stable")
    scores, labels = detections.scores[order], detections.labels[order]
    right, ignored = np.zeros((2, len(order)), bool)
    if len(order) and len(record.boxes):
        overlap = pixel_iou(detections.boxes[order].astype(np.float64), record.boxes.astype(np.float64))
        overlap[labels[:, None] != record.labels] = -1
        nearest = overlap.argmax(axis=1)
        hits = overlap.max(axis=1) >= MIN_OVERLAP
        ignored = hits & _is_ignored(record)[nearest]
        claims = np.flatnonzero(hits & ~ignored)
        _, first = np.unique(nearest[claims], return_index=True)
        right[claims[first]] = True
    return Outcomes(scores, labels, right, ignored)


def pixel_iou(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """IoU of boxes (n, 4) with others (m, 4) whose corners are pixels that belong to them: (n, m)."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.prod(np.maximum(high - low + 1, 0), axis=2)
    areas, other_areas = (np.prod(array[:, 2:] - array[:, :2] + 1, axis=1) for array in (boxes, others))
    return shared / (areas[:, None] + other_areas - shared)


def eleven_points(right: np.ndarray, precision: np.ndarray, objects: int) -> float:
    """Mean of the best precision at a recall of at least 0, 0.1, ..., 1; `right` counts the right ones so far.

    Recalls are compared as whole numbers: 3 of 10 is a recall of 0.3, which its floating-point value may miss.
    """
    return float(np.mean([precision[10 * right >= tenth * objects].max(initial=0) for tenth in range(11)]))


def area_under_curve(recall: np.ndarray, precision: np.ndarray) -> float:
    """Area under the precision-recall curve, after no precision is left below one at a higher recall."""
    return float(np.diff(recall, prepend=0) @ _envelope(precision))


def _is_ignored(record: ImageRecord) -> np.ndarray:
    return record.difficult | record.crowd


def _of_class(outcomes: Outcomes, label: int) -> np.ndarray:
    """Right or not, best first, of the detections of a class that count."""
    of_class = np.flatnonzero((outcomes.labels == label) & ~outcomes.ignored)
    return outcomes.right[of_class[np.argsort(-outcomes.scores[of_class], kind="stable")]]


def _class_metrics(name: str, objects: int, right: np.ndarray) -> ClassMetrics:
    if not objects:
        return ClassMetrics(name, 0, {"AP": None, "AP07": None}, None)
    count = np.cumsum(right)
    recall, precision = count / objects, count / np.arange(1, len(right) + 1)
    values = {"AP": area_under_curve(recall, precision), "AP07": eleven_points(count, precision, objects)}
    # One more point behind the last: no precision at recalls that were not reached.
    curve = np.append(_envelope(precision), 0)[np.searchsorted(recall, RECALLS)]
    return ClassMetrics(name, objects, values, tuple(curve.tolist()))


def _envelope(precision: np.ndarray) -> np.ndarray:
    return np.maximum.accumulate(precision[::-1])[::-1]
