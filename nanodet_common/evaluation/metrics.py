"""What an evaluation results in, whichever the protocol, and what both protocols ask of their input."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nanodet_common.datasets.dataset import Dataset
from nanodet_common.errors import InputError
from nanodet_common.postprocess import Detections

RECALLS = np.linspace(0, 1, 101)
"""Where a precision-recall curve is given."""


@dataclass(frozen=True)
class ClassMetrics:
    """The numbers of one class.

    objects    how many count: crowds do not, nor do difficult ones where they are ignored
    values     by name, such as "AP50"; None where the class has no object that counts
    precision  at an IoU of 0.5, for every recall of `RECALLS` the best precision at that recall or a higher one;
               None like a value
    """

    name: str
    objects: int
    values: Mapping[str, float | None]
    precision: tuple[float, ...] | None


@dataclass(frozen=True)
class Metrics:
    """The numbers of one evaluation, from 0 to 1.

    protocol    "COCO" or "VOC"
    difficult   what became of objects marked difficult: "normal" or "ignore"
    values      by name, the one that counts first; None where no object is of that size
    images, objects, detections   how many went into it; objects as in `ClassMetrics`
    """

    protocol: str
    difficult: str
    values: Mapping[str, float | None]
    classes: tuple[ClassMetrics, ...]
    images: int
    objects: int
    detections: int

    def to_dict(self) -> dict[str, Any]:
        """For JSON: numbers are numbers, and what could not be measured is None."""
        return asdict(self)


def check_found(dataset: Dataset, found: Mapping[int, Detections]) -> None:
    """Raise InputError unless `found` holds usable detections for exactly the images of the data set."""
    if not dataset.images:
        raise InputError(f"nothing to evaluate: the data set has no images{_left_out(dataset)}")
    expected = {record.image_id for record in dataset.images}
    if missing := sorted(expected - found.keys()):
        raise InputError(
            f"{len(missing)} of {len(expected)} images have no entry among the detections, the first is {missing[0]}; "
            "an image in which nothing was found needs an empty one"
        )
    if foreign := sorted(found.keys() - expected):
        raise InputError(f"detections for {len(foreign)} images that the data set does not have, first {foreign[0]}")
    for image_id, detections in found.items():
        _check_detections(image_id, detections, len(dataset.class_names))


def check_objects(dataset: Dataset, objects: int) -> None:
    """Raise InputError where no object counts: an average precision of nothing is not a number."""
    if not objects:
        marked = sum(int(record.difficult.sum() + record.crowd.sum()) for record in dataset.images)
        reason = f": all are crowds or marked difficult ({marked})" if marked else _left_out(dataset)
        raise InputError(f"nothing to evaluate against: {len(dataset)} images without an object that counts{reason}")


def mean(values: list[float | None]) -> float | None:
    """The mean of what was measured; None where nothing was."""
    measured = [value for value in values if value is not None]
    return float(np.mean(measured)) if measured else None


def _left_out(dataset: Dataset) -> str:
    return f" ({len(dataset.problems)} problems, first: {dataset.problems[0].reason})" if dataset.problems else ""


def _check_detections(image_id: int, detections: Detections, num_classes: int) -> None:
    count = len(detections.scores)
    if detections.boxes.shape != (count, 4) or len(detections.labels) != count:
        raise InputError(
            f"image {image_id}: {detections.boxes.shape} boxes, {count} scores and {len(detections.labels)} labels"
        )
    if not (np.isfinite(detections.boxes).all() and np.isfinite(detections.scores).all()):
        raise InputError(f"image {image_id}: a box or a score of a detection is not a finite number")
    if count and not (detections.labels.min() >= 0 and detections.labels.max() < num_classes):
        raise InputError(f"image {image_id}: a label of a detection is not within 0 .. {num_classes - 1}")
