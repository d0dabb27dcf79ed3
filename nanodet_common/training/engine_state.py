"""What an engine goes on from, checked: `TrainingEngine.state`, whichever framework wrote it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from jtmigrate.naming.fit import fit
from jtmigrate.trace.optimizer import OptimizerState
from nanodet_common.config import ArchConfig
from nanodet_common.engine import DType
from nanodet_common.errors import InputError
from nanodet_common.schema import Specs, tensor_specs

Arrays = dict[str, np.ndarray]


class EngineState(NamedTuple):
    """weights: the model's; average: theirs, of so many updates, None without averaging; optimizer: PyTorch's entry."""

    weights: Arrays
    average: Arrays | None
    updates: int
    optimizer: Any


def training_specs(arch: ArchConfig, dtype: DType) -> Specs:
    """Those of the model with its auxiliary branch, trained in this precision."""
    specs = tensor_specs(arch, training=True)
    return {name: spec._replace(dtype=dtype) if spec.dtype == "float32" else spec for name, spec in specs.items()}


def read_entries(entries: Mapping[str, Any], specs: Specs, *, average: bool) -> EngineState:
    """A state for a model of these specs; its optimizer's entry is not looked into.

    Raises InputError if a part is missing or does not fit.
    """
    for part in ("state_dict", "ema", "ema_updates", "optimizer"):
        if part not in entries:
            raise InputError(f"the checkpoint has no {part}; it has {', '.join(entries) or 'nothing'}")
    if average != (entries["ema"] is not None):
        has, asks = ("no", "asks for one") if average else ("an", "has none")
        raise InputError(f"the checkpoint has {has} average of the weights, and the configuration {asks}")
    return EngineState(
        _arrays(entries, "state_dict", specs),
        _arrays(entries, "ema", specs) if average else None,
        entries["ema_updates"],
        entries["optimizer"],
    )


def in_shape_of(arrays: Mapping[str, np.ndarray], specs: Specs) -> Arrays:
    """The arrays in the order and the shapes of the specs: Jittor makes (1,) of ()."""
    return {name: np.asarray(arrays[name]).reshape(spec.shape) for name, spec in specs.items()}


def slots_in_shape_of(state: OptimizerState, specs: Specs) -> OptimizerState:
    """The optimizer's state with moments in the shapes of the specs."""
    slots = {
        name: {slot: array if slot == "step" else array.reshape(specs[name].shape) for slot, array in arrays.items()}
        for name, arrays in state.slots.items()
    }
    return replace(state, slots=slots)


def without_auxiliary(arrays: Mapping[str, np.ndarray]) -> Arrays:
    """Those of the inference model."""
    return {name: array for name, array in arrays.items() if not name.startswith("aux_")}


def _arrays(entries: Mapping[str, Any], part: str, specs: Specs) -> Arrays:
    own = {name: np.zeros(spec.shape, spec.dtype) for name, spec in specs.items()}
    fitted = fit(entries[part], own)
    if not fitted.check:
        raise InputError(f"the checkpoint's {part} does not fit the configuration: {fitted.check.summary()}")
    return own | dict(fitted.values)
