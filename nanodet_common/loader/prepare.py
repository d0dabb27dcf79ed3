"""One sample, from the file."""

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


def leave_out(record: ImageRecord, error: InputError, problems: Problems | None) -> None:
    """Note an image that cannot be read among the problems. Raises the error where none are kept, or it is another."""
    if problems is None or isinstance(error, LoaderError):
        raise error
    problems.left_out("broken image", record.file, str(error).removeprefix(f"{record.file}: "))
