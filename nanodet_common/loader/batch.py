"""What a loader hands to a model."""

from typing import NamedTuple

import numpy as np

from nanodet_common.datasets.dataset import ImageRecord


class Sample(NamedTuple):
    """One image as the network's input.

    image        (3, height, width) float32, normalised, blue first
    boxes        (n, 4) float32: x1, y1, x2, y2 in input pixels; crowds are left out
    labels       (n,) int64
    warp_matrix  (3, 3) float64, from pixels of the file to pixels of the input
    record       where it comes from
    """

    image: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    warp_matrix: np.ndarray
    record: ImageRecord


class Batch(NamedTuple):
    """Samples, stacked: images (N, 3, height, width) and, for the rest, one entry an image.

    Images are filled up with zeros at the right and at the bottom, to the largest of them and then to a multiple of 32,
    as the original does it. Samples that fill their input size are therefore taken as they are.
    """

    images: np.ndarray
    boxes: tuple[np.ndarray, ...]
    labels: tuple[np.ndarray, ...]
    warp_matrices: tuple[np.ndarray, ...]
    records: tuple[ImageRecord, ...]
