"""A batch in equal parts, for gradients that are accumulated."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nanodet_common.errors import InputError
from nanodet_common.loader.batch import Batch


class Part(NamedTuple):
    """Images (N, 3, H, W), and for each its boxes (n, 4) and labels (n,)."""

    images: np.ndarray
    boxes: Sequence[np.ndarray]
    labels: Sequence[np.ndarray]


def parts_of(batch: Batch, count: int) -> list[Part]:
    """The batch in `count` parts of the same number of images, in order. Raises InputError where that is impossible."""
    size, rest = divmod(len(batch.images), count)
    if rest or not size:
        raise InputError(
            f"a batch of {len(batch.images)} images cannot be divided into {count} equal parts: "
            "choose device.batchsize_per_gpu as a multiple of schedule.accumulate"
        )
    cuts = [slice(start, start + size) for start in range(0, len(batch.images), size)]
    return [Part(batch.images[cut], batch.boxes[cut], batch.labels[cut]) for cut in cuts]
