"""Small data sets and detections, made by hand or at random."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nanodet_common.class_names import VOC_CLASSES
from nanodet_common.datasets.dataset import Dataset, ImageRecord
from nanodet_common.datasets.voc import read_voc
from nanodet_common.postprocess import Detections

NAMES = ("cat", "dog")
TEST_SET_DETECTIONS = "detections_voc2007test_m_416_voc20.json.gz"


def image(boxes: Sequence = (), labels=None, *, difficult=None, crowd=None, number: int = 1) -> ImageRecord:
    """A record of 200 x 100 pixels; labels default to 0, flags to False."""
    count = len(boxes)
    return ImageRecord(
        image_id=number,
        file=Path(f"{number:06d}.jpg"),
        size=(200, 100),
        boxes=np.array(boxes, np.float32).reshape(-1, 4),
        labels=np.array([0] * count if labels is None else labels, np.int64),
        difficult=np.array([False] * count if difficult is None else difficult, bool),
        crowd=np.array([False] * count if crowd is None else crowd, bool),
    )


def dataset(*images: ImageRecord, names: tuple[str, ...] = NAMES) -> Dataset:
    return Dataset(images, names)


def found(boxes: Sequence = (), scores: Sequence[float] = (), labels=None) -> Detections:
    """Detections; labels default to 0."""
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores, np.float32),
        np.array([0] * len(scores) if labels is None else labels, np.int64),
    )


def random_case(seed: int, images: int = 12, classes: int = 3) -> tuple[Dataset, dict[int, Detections]]:
    """Objects, some difficult or crowds, and detections near them and elsewhere; scores repeat, so there are ties."""
    random = np.random.default_rng(seed)
    records, detections = [], {}
    for number in range(1, images + 1):
        corners = random.integers(0, 100, (random.integers(0, 6), 2))
        boxes = np.concatenate([corners, corners + random.integers(5, 90, corners.shape)], axis=1).astype(float)
        labels = random.integers(0, classes, len(boxes))
        flags = random.random((2, len(boxes))) < 0.2
        records.append(image(boxes, labels, difficult=flags[0], crowd=flags[1], number=number))
        near = np.repeat(boxes, 3, axis=0) + random.normal(0, 6, (3 * len(boxes), 4))
        near[:, 2:] = np.maximum(near[:, 2:], near[:, :2] + 1)
        shuffled = random.permutation(len(near))
        scores = np.sort(random.integers(1, 40, len(near)) / 40)[::-1]
        detections[number] = found(near[shuffled], scores, np.repeat(labels, 3)[shuffled])
    return dataset(*records, names=tuple("abc"[:classes])), detections


def voc_test_set(shared: Path) -> Dataset:
    """VOC2007 test as far as it is there: 1,035 images."""
    return read_voc(shared / "data" / "VOCdevkit" / "VOC2007", ["test"], VOC_CLASSES)


def golden_detections(shared: Path, images: Dataset) -> dict[int, Detections]:
    """What the original found in them with the weights for 416 pixels."""
    with gzip.open(shared / "golden" / TEST_SET_DETECTIONS) as file:
        by_file = json.load(file)
    return {record.image_id: _of_classes(by_file[record.file.name]) for record in images.images}


def _of_classes(rows: dict[str, list[list[float]]]) -> Detections:
    flat = [(row, VOC_CLASSES.index(name)) for name, of_class in rows.items() for row in of_class]
    flat.sort(key=lambda entry: -entry[0][4])
    return found([row[:4] for row, _ in flat], [row[4] for row, _ in flat], [label for _, label in flat])
