"""Plane geometry between a picture and the network's input. Matrices are 3 x 3 and act on (x, y, 1)."""

import numpy as np


def fit(source: tuple[int, int], target: tuple[int, int], *, keep_ratio: bool) -> tuple[tuple[int, int], np.ndarray]:
    """How a picture of size `source` becomes a network's input within `target`, sizes as (width, height).

    keep_ratio: the largest size of the picture's aspect ratio; otherwise `target` itself. Returns the size and the
    matrix from picture to input pixels.
    """
    size = fitted_size(source, target) if keep_ratio else target
    return size, resize_matrix(source, size, keep_ratio=keep_ratio)


def fitted_size(source: tuple[int, int], target: tuple[int, int]) -> tuple[int, int]:
    """The largest (width, height) within `target` that has the aspect ratio of `source`, rounded down to 1 or more."""
    scale = _fitting_scale(source, target)
    return max(1, int(scale * source[0])), max(1, int(scale * source[1]))


def resize_matrix(source: tuple[int, int], target: tuple[int, int], *, keep_ratio: bool) -> np.ndarray:
    """Map a picture of size `source` onto one of size `target`, sizes as (width, height).

    keep_ratio: scale both axes alike and centre the result; otherwise fill the target.
    """
    (source_width, source_height), (target_width, target_height) = source, target
    if not keep_ratio:
        return np.diag([target_width / source_width, target_height / source_height, 1.0])
    scale = _fitting_scale(source, target)
    matrix = np.diag([scale, scale, 1.0])
    matrix[0, 2] = (target_width - scale * source_width) / 2
    matrix[1, 2] = (target_height - scale * source_height) / 2
    return matrix


def warp_boxes(boxes: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Move boxes (n, 4) of x1, y1, x2, y2 by a matrix and clip them to a picture of `size` (width, height).

    A box becomes the upright box around its four moved corners. float32.
    """
    corners = boxes[:, [0, 1, 2, 3, 0, 3, 2, 1]].reshape(-1, 2)
    moved = np.column_stack([corners, np.ones(len(corners))]) @ matrix.T
    points = (moved[:, :2] / moved[:, 2:]).reshape(-1, 4, 2)
    clipped = np.clip(np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1), 0, [*size, *size])
    return clipped.astype(np.float32)


def _fitting_scale(source: tuple[int, int], target: tuple[int, int]) -> float:
    (source_width, source_height), (target_width, target_height) = source, target
    # The comparison of the original: min() of both quotients may differ from it in the last bit.
    if source_width / source_height < target_width / target_height:
        return target_height / source_height
    return target_width / source_width
