"""Weights of a detector, from a checkpoint in any format that the toolkit reads, checked against the configuration."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jtmigrate.checkpoint import read_checkpoint
from jtmigrate.naming.fit import fit
from jtmigrate.naming.prefixes import unwrap
from jtmigrate.naming.schema import Schema, TensorSpec
from nanodet_common.config import Config, load_config
from nanodet_common.errors import InputError
from nanodet_common.schema import num_classes_of, tensor_specs

Shapes = Mapping[str, tuple[int, ...]]
State = Mapping[str, np.ndarray]


class Weights(NamedTuple):
    """A configuration, with the checkpoint's number of classes, and the state of its inference model, by name."""

    config: Config
    state: State


def load_weights(config: str, path: Path, *, num_classes: int | None = None) -> Weights:
    """Read a checkpoint, whatever wrote it, into the names, shapes and dtypes of the inference model.

    The auxiliary branch is left out; counters of batches, which Jittor does not have, may be missing. Raises UserError
    if the file cannot be read, does not fit the configuration, or contradicts `num_classes`.
    """
    checkpoint = read_checkpoint(path)
    tensors = unwrap(checkpoint.tensors).apply(checkpoint.tensors)
    found = config_for(config, num_classes, {name: array.shape for name, array in tensors.items()})
    used = {name: array for name, array in tensors.items() if not name.startswith("aux_")}
    empty = {name: np.zeros(spec.shape, spec.dtype) for name, spec in schema_of(found, training=False).items()}
    fitted = fit(used, empty)
    if not fitted.check:
        raise InputError(
            f"{path}: does not fit {config}: {fitted.check.summary()}; give the --config that this file was made for"
        )
    return Weights(found, empty | fitted.values)


def config_for(name: str, num_classes: int | None, shapes: Shapes) -> Config:
    """A configuration with the number of classes of a checkpoint whose tensors have these shapes.

    Tensors without the detector's head leave the number alone: nothing of theirs will fit, and the check of all names
    and shapes says so better than a word about the head. Raises InputError where `num_classes` contradicts the head.
    """
    config = load_config(name, num_classes=num_classes)
    try:
        found = num_classes_of(shapes, config.model.arch.head.reg_max)
    except InputError:
        return config
    if num_classes not in (None, found):
        raise InputError(f"the checkpoint's head has {found} classes, but --num-classes says {num_classes}")
    return config.with_num_classes(found)


def schema_of(config: Config, *, training: bool) -> Schema:
    """Names, shapes and dtypes of the model's tensors; `training`: with the auxiliary branch."""
    specs = tensor_specs(config.model.arch, training=training)
    return {name: TensorSpec(spec.shape, spec.dtype) for name, spec in specs.items()}
