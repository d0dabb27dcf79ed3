"""From options to a data set and the names of its classes."""

from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

from nanodet_common.class_names import class_names_for
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


def read_dataset(source: Source, config: Config, classes: str | None) -> Dataset:
    """The data set, labelled in the order of the model's classes.

    classes: their names, "a,b,c" or a file with one a line; None for the configuration's. Where that has none for so
    many classes, a COCO file's own are taken. Raises InputError where the options contradict each other or the model.
    """
    if bool(source.voc) == bool(source.coco) or bool(source.coco) != bool(source.images):
        raise InputError("no data set, or two: give --voc DIR --split SET, or --coco ANN.json --images DIR")
    names = class_names(config, classes)
    nameless = not classes and names == class_names_for(len(names)) and names[0] == "class 0"
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


def class_names(config: Config, classes: str | None) -> tuple[str, ...]:
    """Names of the model's classes. Raises InputError for another number of names than classes."""
    if not classes:
        return config.class_names
    try:
        listed = Path(classes).read_text().splitlines() if Path(classes).is_file() else classes.split(",")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{classes}: cannot be read as a list of classes: {error}") from error
    names = tuple(name.strip() for name in listed if name.strip())
    expected = config.model.arch.head.num_classes
    if len(names) != expected:
        raise InputError(f"--classes names {len(names)} classes, but the model has {expected}")
    return names


def only(dataset: Dataset, image_ids: list[int]) -> Dataset:
    """The images with these ids. Raises InputError where there is no such image."""
    images = tuple(record for record in dataset.images if record.image_id in set(image_ids))
    if len(images) != len(set(image_ids)):
        known = {record.image_id for record in images}
        raise InputError(f"--only names images that the data set lacks: {sorted(set(image_ids) - known)[:5]}")
    return replace(dataset, images=images)


def numbers(option: str, text: str | None) -> list[int]:
    """Whole numbers between commas. Raises InputError, which names the option, for anything else."""
    try:
        return [int(number) for number in (text or "").split(",") if number.strip()]
    except ValueError as error:
        raise InputError(f"{option} is {text!r}; expected numbers such as 1,5,7") from error
