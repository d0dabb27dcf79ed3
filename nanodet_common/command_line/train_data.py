"""From options and the configuration to what is trained on and what it is validated with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from nanodet_common.command_line.data import Source, class_list, read_dataset
from nanodet_common.config import Config, DatasetConfig
from nanodet_common.datasets.coco import read_coco
from nanodet_common.datasets.dataset import Dataset
from nanodet_common.errors import InputError
from nanodet_common.training.sets import first_with_objects, hold_out

HELD_OUT = 0.1
"""Share of the training set, where no option says with what to validate."""


class Choice(NamedTuple):
    """Options that name data; None or empty where they were not given.

    train, val   sets of `voc`; val_coco with val_images in their place for COCO
    holdout      share of the training set to validate with; 0 for no validation
    overfit      train on, and validate with, only so many images
    """

    voc: Path | None
    train: Sequence[str]
    val: Sequence[str]
    coco: Path | None
    images: Path | None
    val_coco: Path | None
    val_images: Path | None
    classes: str | None
    holdout: float | None
    overfit: int | None
    on_problem: Literal["skip", "fail"]


class Sets(NamedTuple):
    """The configuration with the data's classes, the training set, and that for validation, if there is one."""

    config: Config
    train: Dataset
    val: Dataset | None


def read_sets(config: Config, choice: Choice) -> Sets:
    """Read what is chosen; what is not, the configuration names.

    The classes are those of `--classes`, otherwise those of the COCO file, otherwise the configuration's. Raises
    InputError for options that contradict each other, and as the readers do.
    """
    given = [bool(choice.val or choice.val_coco), choice.holdout is not None, choice.overfit is not None]
    if sum(given) > 1:
        raise InputError("two ways to validate: give one of --val (or --val-coco), --holdout and --overfit")
    _check_one_kind(choice)
    source, val_source = _training_source(config, choice), _validation_source(config, choice)
    config = _with_classes(config, source, choice)
    train = _read(source, config, "training")
    if choice.overfit is not None:
        train = first_with_objects(train, choice.overfit)
        return Sets(config, train, train)
    if val_source:
        return Sets(config, train, _read(val_source, config, "validation"))
    share = HELD_OUT if choice.holdout is None else choice.holdout
    return Sets(config, *hold_out(train, share)) if share else Sets(config, train, None)


def _read(source: Source, config: Config, purpose: str) -> Dataset:
    """Raises InputError for a set without images too."""
    dataset = read_dataset(source, config)
    if not len(dataset):
        place = f"{source.voc}, {source.split}" if source.voc else source.coco
        raise InputError(f"the {purpose} set has no images: {place}")
    return dataset


def _check_one_kind(choice: Choice) -> None:
    """Raise InputError where options name VOC data and COCO data to train on."""
    voc = {"--voc": choice.voc, "--train": choice.train, "--val": choice.val}
    coco = {"--coco": choice.coco, "--images": choice.images}
    first, second = (next((name for name, value in kind.items() if value), None) for kind in (voc, coco))
    if first and second:
        raise InputError(f"two data sets: {first} is about VOC data, {second} about COCO data; leave one of them out")


def _training_source(config: Config, choice: Choice) -> Source:
    own = _source_of(config.data.train, choice)
    if choice.coco or choice.images:
        return own._replace(voc=None, coco=choice.coco, images=choice.images)
    if not (choice.voc or choice.train):
        return own
    sets = ",".join(choice.train) or own.split
    if not sets:
        raise InputError("no set of --voc is named: give --train, such as --train 2007:trainval")
    return own._replace(voc=_folder_of_sets(own, choice, "--train"), split=sets, coco=None, images=None)


def _folder_of_sets(own: Source, choice: Choice, option: str) -> Path:
    """Where the sets are that an option names. Raises InputError where neither --voc nor the configuration says."""
    if not (choice.voc or own.voc):
        raise InputError(f"{option} names sets of VOC data, and the configuration's are COCO data: give their --voc")
    return choice.voc or own.voc


def _validation_source(config: Config, choice: Choice) -> Source | None:
    """None where it is to be a share of the training set."""
    own = _source_of(config.data.val, choice)
    if choice.val_coco or choice.val_images:
        return own._replace(voc=None, coco=choice.val_coco, images=choice.val_images)
    if choice.val:
        return own._replace(
            voc=_folder_of_sets(own, choice, "--val"), split=",".join(choice.val), coco=None, images=None
        )
    chosen = choice.voc or choice.coco or choice.holdout is not None
    return None if chosen else own


def _source_of(data: DatasetConfig, choice: Choice) -> Source:
    """What the configuration names."""
    if data.name == "VocDataset":
        return Source(Path(data.img_path), data.ann_path, None, None, choice.on_problem)
    return Source(None, "", Path(data.ann_path), Path(data.img_path), choice.on_problem)


def _with_classes(config: Config, source: Source, choice: Choice) -> Config:
    if choice.classes:
        names = class_list(choice.classes)
    elif source.coco and source.images:
        names = read_coco(source.coco, source.images, None, on_problem="skip").class_names
    else:
        return config
    return config.with_num_classes(len(names)).with_class_names(names)
