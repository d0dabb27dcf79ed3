"""One sample, from the file."""

from collections.abc import Sequence
from typing import NamedTuple

from nanodet_common.config import DatasetConfig
from nanodet_common.datasets.dataset import ImageRecord
from nanodet_common.datasets.problems import Problems
from nanodet_common.errors import InputError, LoaderError
from nanodet_common.loader.batch import Sample
from nanodet_common.loader.order import sample_generator
from nanodet_common.preprocess import load_image
from nanodet_common.transforms.pipeline import training_sample, validation_sample


class Recipe(NamedTuple):
    """How images become samples: the configuration, whether they are augmented, and the seed of the draws."""

    config: DatasetConfig
    augment: bool
    seed: int


def prepare(recipe: Recipe, record: ImageRecord, *, epoch: int, index: int) -> Sample:
    """Read the image and make a sample of it; `index` is its place in the data set.

    Raises InputError for an unreadable image, LoaderError where memory does not suffice; both name the file.
    """
    try:
        pixels = load_image(record.file)
        if not recipe.augment:
            return validation_sample(pixels, record, recipe.config)
        random = sample_generator(seed=recipe.seed, epoch=epoch, index=index)
        return training_sample(pixels, record, recipe.config, random)
    except MemoryError as error:
        raise LoaderError(f"{record.file}: not enough memory to prepare the image") from error


def prepare_another(
    recipe: Recipe,
    records: Sequence[ImageRecord],
    error: InputError,
    *,
    epoch: int,
    index: int,
    problems: Problems | None,
) -> Sample | None:
    """What a batch holds in the place of an image that cannot be read: in training the next one that can, otherwise
    nothing (None), as in NanoDet.

    The image is noted among the problems. Raises the error where none are kept, or where it is about something else,
    and InputError where no image can be read.
    """
    for place in range(index, index + len(records)):
        record = records[place % len(records)]
        _leave_out(record, error, problems)
        if not recipe.augment:
            return None
        try:
            return prepare(recipe, records[(place + 1) % len(records)], epoch=epoch, index=index)
        except InputError as its_error:
            error = its_error
    raise InputError(f"none of the {len(records)} images can be read")


def _leave_out(record: ImageRecord, error: InputError, problems: Problems | None) -> None:
    if problems is None or isinstance(error, LoaderError):
        raise error
    if all(problem.source != record.file for problem in problems.found):  # Once, and not in every epoch.
        problems.left_out("broken image", record.file, str(error).removeprefix(f"{record.file}: "))
