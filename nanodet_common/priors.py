"""Where in the input image the cells of the feature maps lie."""

from collections.abc import Iterable

import numpy as np


def center_priors(input_hw: tuple[int, int], strides: Iterable[int]) -> np.ndarray:
    """One row x, y, stride, stride (pixels, float32) for every cell of every level: shape (P, 4).

    Levels in the order of `strides`, cells row by row: the order of the head's output. A level has
    ceil(height / stride) x ceil(width / stride) cells. A cell's point is its top left corner, not its middle.
    """
    return np.concatenate([_level(input_hw, stride) for stride in strides])


def _level(input_hw: tuple[int, int], stride: int) -> np.ndarray:
    height, width = input_hw
    y, x = np.mgrid[0:height:stride, 0:width:stride].reshape(2, -1)
    step = np.full_like(x, stride)
    return np.stack([x, y, step, step], axis=1).astype(np.float32)
