"""From options to a data set and the names of its classes."""

from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

from nanodet_common.class_names import nameless_classes
from nanodet_common.config import Config
from nanodet_common.datasets.coco import read_coco
from nanodet_common.datasets.dataset import Dataset
from nanodet_common.datasets.voc import read_voc
from nanodet_common.errors import InputError


class Source(NamedTuple):
    """Which data set the options name: VOC sets of a folder, or a COCO file with a folder of pictures."""

    voc: Path | None
    split: str
    coco: Path | None
    images: Path | None
    on_problem: Literal["skip", "fail"]


def read_dataset(source: Source, config: Config) -> Dataset:
    """The data set, labelled in the order of the model's classes, which the configuration names.

    Where it has no names for so many, a COCO file's own are taken. Raises InputError where the options contradict each
    other or the model.
    """
    if bool(source.voc) == bool(source.coco) or bool(source.coco) != bool(source.images):
        raise InputError("no data set, or two: give --voc DIR --split SET, or --coco ANN.json --images DIR")
    names = config.class_names
    nameless = names == nameless_classes(len(names))
    if source.voc:
        if nameless:
            raise InputError(f"the model's {len(names)} classes have no names: give them with --classes")
        sets = [one.strip() for one in source.split.split(",")]
        return read_voc(source.voc, sets, names, on_problem=source.on_problem)
    dataset = read_coco(source.coco, source.images, None if nameless else names, on_problem=source.on_problem)
    if len(dataset.class_names) != len(names):
        raise InputError(
            f"{source.coco}: has {len(dataset.class_names)} categories, but the model {len(names)} classes: "
            "name these with --classes"
        )
    return dataset


def with_classes(config: Config, classes: str | None) -> Config:
    """The configuration with the class names of `--classes`; None changes nothing.

    Raises InputError for a list that cannot be read, or of another length than the model's.
    """
    return config.with_class_names(class_list(classes)) if classes else config


def class_list(classes: str) -> tuple[str, ...]:
    """The names of `--classes`: "a,b,c" or a file with one a line. Raises InputError if they cannot be read."""
    try:
        listed = Path(classes).read_text().splitlines() if Path(classes).is_file() else classes.split(",")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{classes}: cannot be read as a list of classes: {error}") from error
    return tuple(name.strip() for name in listed if name.strip())


def only(dataset: Dataset, text: str) -> Dataset:
    """The images with the ids of `--only`, "1,5,7". Raises InputError for other text and for an unknown id."""
    try:
        wanted = {int(number) for number in text.split(",")}
    except ValueError as error:
        raise InputError(f"--only is {text!r}; expected ids of images, such as 1,5,7") from error
    if foreign := wanted - {record.image_id for record in dataset.images}:
        raise InputError(f"--only names images that the data set does not have: {min(foreign)}")
    return replace(dataset, images=tuple(record for record in dataset.images if record.image_id in wanted))
