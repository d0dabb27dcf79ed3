"""Parts of a data set, and what tells two data sets apart."""

import hashlib
import zlib
from dataclasses import replace

import numpy as np

from nanodet_common.datasets.dataset import Dataset, ImageRecord
from nanodet_common.errors import InputError


def hold_out(dataset: Dataset, share: float) -> tuple[Dataset, Dataset]:
    """The set without a share of its images, and these; at least one image each.

    The name of an image's file decides whether it is held out: for every seed and in whatever order they come, the same
    are. Raises InputError where there are too few images, or share is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise InputError(f"the share to hold out is {share}; it must lie between 0 and 1")
    if len(dataset) < 2:
        raise InputError(f"nothing can be held out of {len(dataset)} images; name a set with --val")
    by_chance = sorted(dataset.images, key=lambda image: (zlib.crc32(image.file.name.encode()), image.file))
    count = min(max(round(share * len(dataset)), 1), len(dataset) - 1)
    held_out = {image.image_id for image in by_chance[:count]}
    return (
        replace(dataset, images=tuple(image for image in dataset.images if image.image_id not in held_out)),
        replace(dataset, images=tuple(image for image in dataset.images if image.image_id in held_out)),
    )


def first_with_objects(dataset: Dataset, count: int) -> Dataset:
    """The first so many images in which there is something to learn. Raises InputError where there are fewer."""
    images = tuple(image for image in dataset.images if (~image.crowd).any())[:count]
    if len(images) < count:
        raise InputError(f"only {len(images)} images of the data set have objects, and {count} are asked for")
    return replace(dataset, images=images)


def fingerprint(dataset: Dataset) -> str:
    """SHA-256 of what training sees of a data set: files' names, sizes, objects, classes, and their order."""
    digest = hashlib.sha256(repr(dataset.class_names).encode())
    for image in dataset.images:
        digest.update(repr((image.file.name, image.size)).encode())
        for array in _trained_on(image):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _trained_on(image: ImageRecord) -> tuple[np.ndarray, ...]:
    return image.boxes, image.labels, image.crowd
