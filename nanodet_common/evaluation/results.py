"""Detections as a file: the JSON list that COCO's tools read."""

import json
import reprlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nanodet_common.datasets.classes import plain_name
from nanodet_common.datasets.dataset import Dataset
from nanodet_common.datasets.json_file import read_json
from nanodet_common.errors import InputError
from nanodet_common.evaluation.metrics import check_found
from nanodet_common.files import write_bytes
from nanodet_common.postprocess import Detections

LARGEST = 1e9
"""No coordinate of a picture is as large: what is, would be infinite in float32 sooner or later."""


class Row(NamedTuple):
    """One detection as read: x1, y1, x2, y2 and the rest."""

    box: tuple[float, float, float, float]
    score: float
    label: int


def write_results(path: Path, dataset: Dataset, found: Mapping[int, Detections]) -> None:
    """Write a list of {image_id, category_id, category_name, bbox: [x, y, width, height], score}, whole or not at all.

    Numbers are written in full: reading the file gives the same float32. Raises InputError where `found` does not fit
    the data set or the file cannot be written.
    """
    check_found(dataset, found)
    ids = _category_ids(dataset)
    rows = (row for record in dataset.images for row in _rows(record.image_id, found[record.image_id], dataset, ids))
    write_bytes(path, b"[\n" + ",\n".join(map(json.dumps, rows)).encode() + b"\n]\n")


def read_results(path: Path, dataset: Dataset) -> dict[int, Detections]:
    """The detections of a file, best first, with an entry for every image of the data set.

    Raises InputError for a file that is no list of detections, and for a detection of an image or a class that the
    data set does not have.
    """
    content = read_json(path)
    if not isinstance(content, list):
        raise InputError(f"{path}: not a COCO result file: expected a list of detections")
    labels = {category: label for label, category in enumerate(_category_ids(dataset))}
    rows: dict[int, list[Row]] = {record.image_id: [] for record in dataset.images}
    for number, entry in enumerate(content, start=1):
        where = f"{path}: detection {number}"
        if not isinstance(entry, dict):
            raise InputError(f"{where} is {reprlib.repr(entry)}, not an object")
        image_id = _whole_number(entry, "image_id", where)
        if image_id not in rows:
            raise InputError(f"{where} is in image {image_id}, which the data set does not have")
        rows[image_id].append(Row(_box(entry, where), _score(entry, where), _label(entry, labels, dataset, where)))
    return {image_id: _detections(of_image) for image_id, of_image in rows.items()}


def _category_ids(dataset: Dataset) -> Sequence[int]:
    ids = range(1, len(dataset.class_names) + 1) if dataset.category_ids is None else dataset.category_ids
    if not len(set(ids)) == len(ids) == len(dataset.class_names):
        raise ValueError(f"{len(dataset.class_names)} classes need as many different category ids, not {list(ids)}")
    return ids


def _rows(image_id: int, detections: Detections, dataset: Dataset, ids: Sequence[int]) -> list[dict[str, Any]]:
    # Differences of float32 are exact in float64.
    x1, y1, x2, y2 = detections.boxes.astype(np.float64).T
    bboxes = np.stack([x1, y1, x2 - x1, y2 - y1], axis=1).tolist()
    return [
        {
            "image_id": image_id,
            "category_id": ids[label],
            "category_name": dataset.class_names[label],
            "bbox": bbox,
            "score": score,
        }
        for bbox, score, label in zip(bboxes, detections.scores.tolist(), detections.labels.tolist(), strict=True)
    ]


def _detections(rows: Sequence[Row]) -> Detections:
    best_first = sorted(rows, key=lambda row: -row.score)
    return Detections(
        np.array([row.box for row in best_first], np.float32).reshape(-1, 4),
        np.array([row.score for row in best_first], np.float32),
        np.array([row.label for row in best_first], np.int64),
    )


def _whole_number(entry: Mapping[str, Any], key: str, where: str) -> int:
    value = entry.get(key)
    if type(value) is not int:
        raise InputError(f"{where}: {key} is {reprlib.repr(value)}, not a whole number")
    return value


def _label(entry: Mapping[str, Any], labels: Mapping[int, int], dataset: Dataset, where: str) -> int:
    category = _whole_number(entry, "category_id", where)
    if category not in labels:
        raise InputError(f"{where}: category_id {category} is not one of the data set's {len(labels)}")
    expected = dataset.class_names[labels[category]]
    name = entry.get("category_name", expected)
    if not isinstance(name, str) or plain_name(name) != plain_name(expected):
        raise InputError(f"{where}: category {category} is {reprlib.repr(name)} there and {expected!r} in the data set")
    return labels[category]


def _box(entry: Mapping[str, Any], where: str) -> tuple[float, float, float, float]:
    bbox = entry.get("bbox")
    if not (isinstance(bbox, list) and len(bbox) == 4 and all(_is_number(side) for side in bbox)):
        raise InputError(f"{where}: bbox is {reprlib.repr(bbox)}, not four numbers")
    x, y, width, height = bbox
    if min(width, height) < 0:
        raise InputError(f"{where}: bbox {bbox} has a negative width or height; it is x, y, width, height")
    return x, y, x + width, y + height


def _score(entry: Mapping[str, Any], where: str) -> float:
    score = entry.get("score")
    if not (_is_number(score) and 0 <= score <= 1):
        raise InputError(f"{where}: score is {reprlib.repr(score)}, not a number from 0 to 1")
    return score


def _is_number(value: Any) -> bool:
    # NaN compares false.
    return type(value) in (int, float) and abs(value) < LARGEST
