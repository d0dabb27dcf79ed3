"""Samples into a batch."""

from collections.abc import Sequence

import numpy as np

from nanodet_common.loader.batch import Batch, Sample

MULTIPLE = 32
"""Height and width of a batch are multiples of it, as the detectors need them."""


def stack(samples: Sequence[Sample]) -> Batch:
    """A batch of at least one sample. The images are copied."""
    largest = np.max([sample.image.shape[1:] for sample in samples], axis=0)
    images = np.zeros((len(samples), 3, *(-(-largest // MULTIPLE) * MULTIPLE)), np.float32)
    for image, sample in zip(images, samples, strict=True):
        image[:, : sample.image.shape[1], : sample.image.shape[2]] = sample.image
    _, boxes, labels, matrices, records = zip(*samples, strict=True)
    return Batch(images, boxes, labels, matrices, records)
