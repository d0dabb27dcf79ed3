"""Random warps: what is drawn, and the matrix made of it.

Parameters, ranges and order are those of NanoDet's ShapeTransform.
"""

import math
from functools import reduce
from typing import NamedTuple

import numpy as np

from nanodet_common.config import PipelineConfig
from nanodet_common.transforms.draws import between

Pair = tuple[float, float]


class Warp(NamedTuple):
    """One draw. The defaults leave a picture as it is.

    perspective  growth of the divisor a pixel to the right and a pixel down, from the picture's centre
    scale        factor of both axes
    stretch      factors of width and height
    rotation     degrees, counter-clockwise as seen
    shear        degrees along x and along y
    flip         left becomes right
    translate    where the centre goes, as fractions of width and height
    """

    perspective: Pair = (0.0, 0.0)
    scale: float = 1.0
    stretch: Pair = (1.0, 1.0)
    rotation: float = 0.0
    shear: Pair = (0.0, 0.0)
    flip: bool = False
    translate: Pair = (0.5, 0.5)


def draw_warp(pipeline: PipelineConfig, random: np.random.Generator) -> Warp:
    """Draw every parameter evenly from its range; always the same number of draws."""

    def pair(first: Pair, second: Pair) -> Pair:
        return between(random, *first), between(random, *second)

    def twice_around(centre: float, reach: float) -> Pair:
        return pair((centre - reach, centre + reach), (centre - reach, centre + reach))

    return Warp(
        perspective=twice_around(0, pipeline.perspective),
        scale=between(random, *pipeline.scale),
        stretch=pair(*pipeline.stretch),
        rotation=between(random, -pipeline.rotation, pipeline.rotation),
        shear=twice_around(0, pipeline.shear),
        flip=random.random() < pipeline.flip,
        translate=twice_around(0.5, pipeline.translate),
    )


def warp_matrix(warp: Warp, size: tuple[int, int]) -> np.ndarray:
    """The 3 x 3 matrix that moves the pixels of a picture of `size` (width, height) as the draw says."""
    width, height = size
    steps = (
        _translation(-width / 2, -height / 2),
        np.array([[1, 0, 0], [0, 1, 0], [*warp.perspective, 1]]),
        np.diag([warp.scale, warp.scale, 1]),
        np.diag([*warp.stretch, 1]),
        _rotation(math.radians(warp.rotation)),
        _shear(*(math.tan(math.radians(angle)) for angle in warp.shear)),
        np.diag([-1 if warp.flip else 1, 1, 1]),
        _translation(warp.translate[0] * width, warp.translate[1] * height),
    )
    return reduce(lambda done, step: step @ done, steps)


def _translation(x: float, y: float) -> np.ndarray:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]])


def _rotation(angle: float) -> np.ndarray:
    # y points down, so this one is counter-clockwise.
    return np.array([[math.cos(angle), math.sin(angle), 0], [-math.sin(angle), math.cos(angle), 0], [0, 0, 1]])


def _shear(x: float, y: float) -> np.ndarray:
    return np.array([[1, x, 0], [y, 1, 0], [0, 0, 1]])
