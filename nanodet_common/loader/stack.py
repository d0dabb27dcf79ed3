"""Samples into a batch."""

from collections.abc import Iterable, Sequence

import numpy as np

from nanodet_common.loader.batch import Batch, Sample

MULTIPLE = 32
"""Height and width of a batch are multiples of it, as the detectors need them."""


def stack(samples: Iterable[Sample | None]) -> Batch | None:
    """A batch of those that are samples; None if none is. The images are copied."""
    kept = [sample for sample in samples if sample is not None]
    if not kept:
        return None
    images, boxes, labels, matrices, records = zip(*kept, strict=True)
    return Batch(fill_up(images), boxes, labels, matrices, records)


def fill_up(images: Sequence[np.ndarray]) -> np.ndarray:
    """Images (3, h, w) in one array (N, 3, H, W): zeros at the right and at the bottom, up to a multiple of 32."""
    largest = np.max([image.shape[1:] for image in images], axis=0)
    batch = np.zeros((len(images), 3, *(-(-largest // MULTIPLE) * MULTIPLE)), np.float32)
    for place, image in zip(batch, images, strict=True):
        place[:, : image.shape[1], : image.shape[2]] = image
    return batch
