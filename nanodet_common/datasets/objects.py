"""From a picture and its objects as they are annotated to an `ImageRecord`."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nanodet_common.datasets.dataset import ImageRecord
from nanodet_common.datasets.problems import Problems
from nanodet_common.errors import InputError
from nanodet_common.preprocess import image_size

Box = tuple[float, float, float, float]


class AnnotatedObject(NamedTuple):
    """An object as the file has it.

    where      how a message names it: "object 3"
    box        x1, y1, x2, y2 in pixels, any numbers
    area       of its outline in square pixels; None where only the box is known
    """

    where: str
    box: Box
    label: int
    difficult: bool = False
    crowd: bool = False
    area: float | None = None


def image_record(
    image_id: int,
    file: Path,
    size: tuple[int, int],
    objects: Iterable[AnnotatedObject],
    source: Path,
    problems: Problems,
) -> ImageRecord:
    """The image with those of its objects whose box covers a part of it, clipped to it.

    source: the file of annotations, for messages. Raises InputError where a problem is fatal.
    """
    kept = []
    for found in objects:
        box = _usable(found, size, source, problems)
        if box is not None:
            kept.append((box, found))
    return ImageRecord(
        image_id=image_id,
        file=file,
        size=size,
        boxes=np.array([box for box, _ in kept], np.float32).reshape(-1, 4),
        labels=np.array([found.label for _, found in kept], np.int64),
        difficult=np.array([found.difficult for _, found in kept], bool),
        crowd=np.array([found.crowd for _, found in kept], bool),
        areas=_areas(kept),
    )


def _areas(kept: Sequence[tuple[Box, AnnotatedObject]]) -> np.ndarray | None:
    """None where no object says; a box stands in for the outline of a single one that does not."""
    if all(found.area is None for _, found in kept):
        return None
    sides = ((x2 - x1, y2 - y1) for (x1, y1, x2, y2), _ in kept)
    return np.array(
        [
            width * height if found.area is None else found.area
            for (width, height), (_, found) in zip(sides, kept, strict=True)
        ]
    )


def picture_size(picture: Path, problems: Problems) -> tuple[int, int] | None:
    """(width, height) as the picture itself says, or None and a problem."""
    try:
        return image_size(picture)
    except InputError as error:
        problems.left_out("broken image", picture, str(error).removeprefix(f"{picture}: "))
        return None


def _usable(found: AnnotatedObject, size: tuple[int, int], source: Path, problems: Problems) -> Box | None:
    """The box within the image, or None where nothing is left of it."""
    shown = f"{found.where}: box " + ", ".join(f"{side:g}" for side in found.box)
    if not all(math.isfinite(side) for side in found.box):
        problems.left_out("bad coordinate", source, shown)
        return None
    if _is_empty(found.box):
        problems.left_out("empty box", source, f"{shown} has no area")
        return None
    width, height = size
    x1, y1, x2, y2 = found.box
    clipped = max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))
    if _is_empty(clipped):
        problems.left_out("box outside", source, f"{shown} lies outside {width} x {height} pixels")
        return None
    if _is_empty(tuple(np.float32(clipped))):
        problems.left_out("empty box", source, f"{shown} is thinner than float32 can tell")
        return None
    if clipped != found.box:
        problems.corrected("clipped box", source, f"{shown} is cut to {width} x {height} pixels")
    return clipped


def _is_empty(box: Box) -> bool:
    x1, y1, x2, y2 = box
    return bool(x2 <= x1 or y2 <= y1)
