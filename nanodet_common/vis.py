"""Sheets of many pictures on one page: what a batch holds, and what two frameworks found in the same images.

Pictures are uint8 (H, W, 3), blue first, as everywhere in `drawing`.
"""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from nanodet_common.config import PipelineConfig
from nanodet_common.drawing import draw_detections, draw_objects, grid, side_by_side
from nanodet_common.loader.batch import Batch
from nanodet_common.postprocess import Detections

SIDE = 360
"""Pixels of a picture's longer side on a sheet: four in a row are as wide as a page, and their labels readable."""


def batch_sheet(
    batch: Batch, pipeline: PipelineConfig, class_names: Sequence[str], *, columns: int = 4, side: int = SIDE
) -> np.ndarray:
    """The images of a batch as a network sees them, with their objects, under the names of their files."""
    pictures = []
    for image, boxes, labels in zip(batch.images, batch.boxes, batch.labels, strict=True):
        picture, scale = _fitted(visible(image, pipeline), side)
        pictures.append(draw_objects(picture, boxes * scale, labels, class_names))
    titles = [record.file.name for record in batch.records]
    return grid(pictures, titles, columns=columns)


def comparison_sheet(
    pictures: Sequence[np.ndarray],
    names: Sequence[str],
    found: Mapping[str, Sequence[Detections]],
    class_names: Sequence[str],
    *,
    score_threshold: float = 0.3,
    columns: int = 2,
    side: int = SIDE,
) -> np.ndarray:
    """What two frameworks found in each picture, side by side.

    names: one a picture. found: framework -> one entry a picture, in its pixels; left comes the first. columns: pairs
    in a row. Detections below the threshold are not drawn and not counted.
    """
    pairs = []
    for number, original in enumerate(pictures):
        picture, scale = _fitted(original, side)
        drawn, titles = [], []
        for framework, all_found in found.items():
            here = all_found[number]
            here = here._replace(boxes=here.boxes * scale)
            drawn.append(draw_detections(picture, here, class_names, score_threshold))
            titles.append(f"{framework}: {np.count_nonzero(here.scores >= score_threshold)} found")
        pairs.append(side_by_side(*drawn, tuple(titles)))
    return grid(pairs, names, columns=columns)


def visible(image: np.ndarray, pipeline: PipelineConfig) -> np.ndarray:
    """A network's input, float32 (3, H, W), as a picture: normalisation undone, cut off at 0 and 255."""
    values = image.transpose(1, 2, 0) * np.float32(pipeline.std) + np.float32(pipeline.mean)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _fitted(picture: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """The picture with a longer side of so many pixels, and the factor."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    shrinking = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(picture, size, interpolation=shrinking), scale
