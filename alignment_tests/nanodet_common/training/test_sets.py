"""Held-out images, the first ones with objects, and what tells data sets apart."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alignment_tests.nanodet_common.training.fake import record
from nanodet_common.datasets.dataset import Dataset
from nanodet_common.errors import InputError
from nanodet_common.training.sets import fingerprint, first_with_objects, hold_out


def dataset(count: int = 200) -> Dataset:
    """Every third image has no object."""
    return Dataset(tuple(record(f"{number:06}.jpg", number, number % 3) for number in range(count)), ("cat",))


def names(found: Dataset) -> set[str]:
    return {image.file.name for image in found.images}


def test_a_tenth_is_held_out_and_nothing_is_lost() -> None:
    everything = dataset()
    kept, held_out = hold_out(everything, 0.1)
    assert len(held_out) == 20
    assert names(kept) | names(held_out) == names(everything)
    assert not names(kept) & names(held_out)
    assert [image.image_id for image in kept.images] == sorted(image.image_id for image in kept.images)


def test_the_name_decides_not_the_order_nor_the_folder() -> None:
    images = dataset().images[::-1]
    turned = tuple(replace(image, image_id=n, file=Path("elsewhere") / image.file) for n, image in enumerate(images))
    assert names(hold_out(Dataset(turned, ("cat",)), 0.1)[1]) == names(hold_out(dataset(), 0.1)[1])


def test_at_least_one_image_on_either_side() -> None:
    assert [len(part) for part in hold_out(dataset(2), 0.01)] == [1, 1]
    assert [len(part) for part in hold_out(dataset(2), 0.99)] == [1, 1]


@pytest.mark.parametrize(
    ("count", "share", "message"), [(10, 1.0, "between 0 and 1"), (1, 0.5, "held out of 1 images")]
)
def test_what_cannot_be_held_out(count: int, share: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        hold_out(dataset(count), share)


def test_first_images_with_objects() -> None:
    assert [image.image_id for image in first_with_objects(dataset(), 4).images] == [1, 2, 4, 5]
    with pytest.raises(InputError, match="only 133 images of the data set have objects, and 134 are asked for"):
        first_with_objects(dataset(), 134)


def test_fingerprint_is_of_what_is_trained_on() -> None:
    base = dataset(5)
    assert fingerprint(base) == fingerprint(dataset(5))
    moved = replace(base, images=tuple(replace(image, file=Path("elsewhere") / image.file) for image in base.images))
    assert fingerprint(moved) == fingerprint(base)
    last = base.images[-1]
    changed = (
        replace(base, images=base.images[::-1]),
        replace(base, class_names=("dog",)),
        replace(base, images=(*base.images[:-1], replace(last, boxes=last.boxes + np.float32(1)))),
    )
    assert len({fingerprint(one) for one in (base, *changed)}) == 4
