"""What every format of annotations is read into."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Problem(NamedTuple):
    """Something in a data set that cannot be used.

    kind    a word or two to count by: "broken XML", "missing image", "empty box", ...
    source  the file
    reason  what exactly is wrong, with the object's number or the value
    """

    kind: str
    source: Path
    reason: str


@dataclass(frozen=True)
class ImageRecord:
    """An image and its objects.

    image_id   unique in the data set: COCO's own, otherwise 1, 2, ... in order
    file       the image's path
    size       (width, height) in pixels
    boxes      (n, 4) float32: x1, y1, x2, y2 in pixels
    labels     (n,) int64: index of the class in `Dataset.class_names`
    difficult  (n,) bool: marked difficult (VOC); trained on and evaluated as the user chooses
    crowd      (n,) bool: a group of objects in one box (COCO); never trained on, ignored in evaluation
    areas      (n,) float64: square pixels that the outline covers (COCO); None where only boxes are known
    """

    image_id: int
    file: Path
    size: tuple[int, int]
    boxes: np.ndarray
    labels: np.ndarray
    difficult: np.ndarray
    crowd: np.ndarray
    areas: np.ndarray | None = None


@dataclass(frozen=True)
class Dataset:
    """Images in a fixed order, the classes that their labels count, and what was left out with its reason.

    category_ids  what COCO's files call the classes, in their order; None counts them from 1
    """

    images: tuple[ImageRecord, ...]
    class_names: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    category_ids: tuple[int, ...] | None = None

    def __len__(self) -> int:
        return len(self.images)
