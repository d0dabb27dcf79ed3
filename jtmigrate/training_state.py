"""Carry a training run, not only its weights, between PyTorch and Jittor: optimizer, schedule, averaged weights, epoch.

A training checkpoint is a dict in PyTorch's layout, in a .pth, a .ckpt or a Jittor .pkl alike: plain
({"state_dict" or "model", "optimizer", "lr_scheduler", "epoch"}) or as Lightning writes it ({"state_dict",
"optimizer_states", "lr_schedulers", "epoch", "global_step"}).
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from os import PathLike
from types import ModuleType
from typing import Any

import numpy as np

from jtmigrate.checkpoint import Checkpoint
from jtmigrate.checkpoint.state_dict import WRAPPER_KEYS
from jtmigrate.checkpoint.tree import Tree, read_tree, write_tree
from jtmigrate.errors import UserError
from jtmigrate.frameworks.inventory import inventory
from jtmigrate.load import LoadResult, load
from jtmigrate.naming.prefixes import unwrap
from jtmigrate.optimizer_entry import from_entry, to_entry
from jtmigrate.schedule_entry import resume_schedule, schedule_entry

OPTIMIZER = ("optimizer", "optimizer_state_dict", "optimizer_states")
SCHEDULE = ("lr_scheduler", "scheduler", "lr_scheduler_state_dict", "scheduler_state_dict", "lr_schedulers")
AVERAGED = ("ema", "model_ema", "ema_state_dict", "state_dict_ema")
EPOCH = ("epoch",)
STEP = ("global_step", "step", "iter")
"""Names under which training scripts keep things, the most usual first."""


@dataclass(frozen=True)
class Resumed:
    """Where a run goes on.

    weights, averaged  what was loaded into the model, and into the averaged one if there is one
    epoch, step        as the checkpoint has them; None where it does not say
    """

    weights: LoadResult
    averaged: LoadResult | None
    epoch: int | None
    step: int | None


def save_training(
    path: str | PathLike[str],
    model: Any,
    optimizer: Any,
    *,
    schedule: Any = None,
    averaged: Any = None,
    epoch: int | None = None,
    step: int | None = None,
) -> None:
    """Write a run in PyTorch's layout: a .pth, .pt or .ckpt for PyTorch, or a .pkl for Jittor.

    model, averaged      a PyTorch or Jittor model each
    optimizer, schedule  of the model's framework

    Raises UserError if a part has no place in a checkpoint, or the file cannot be written.
    """
    framework = _framework(model)
    entries = {
        "state_dict": inventory(model).adapter.state(model),
        "optimizer": to_entry(framework.read_optimizer(optimizer, model)),
        "lr_scheduler": None if schedule is None else schedule_entry(schedule),
        "ema": None if averaged is None else inventory(averaged).adapter.state(averaged),
        "epoch": epoch,
        "global_step": step,
    }
    write_tree(path, {name: entry for name, entry in entries.items() if entry is not None})


def resume_training(
    source: str | PathLike[str] | Tree,
    model: Any,
    optimizer: Any,
    *,
    schedule: Any = None,
    averaged: Any = None,
    number: int = 0,
    trust: Collection[str] = (),
) -> Resumed:
    """Set model, optimizer and schedule from a training checkpoint, whichever framework wrote it and has them.

    The optimizer has to be of the same kind, with the same parameters in the same order and groups as the one that
    was saved; see `jtmigrate.optimizer_entry` for what of that can be checked.

    schedule, averaged  set too if they are given: the file has to hold them then
    number              which of the optimizers and schedules, where Lightning has several
    trust               as for `open_checkpoint`

    Raises UserError if the file cannot be read, lacks something, or anything does not fit. The weights are set first;
    where the optimizer does not fit, its own state stays as it was.
    """
    tree = source if isinstance(source, Tree) else read_tree(source, trust=trust)
    framework = _framework(model)
    with _named(tree):
        kind, groups = framework.kind_of(optimizer), framework.group_names(optimizer, model)
        state = from_entry(_entry(tree, OPTIMIZER, "optimizer", number), kind, groups)
        counted = None if schedule is None else _entry(tree, SCHEDULE, "schedule", number)
        weights = _arrays(_entry(tree, WRAPPER_KEYS, "weights", 0))
        ema = {} if averaged is None else _averaged(tree, weights)
    loaded = load(model, Checkpoint(weights, path=tree.path))
    loaded_average = None if averaged is None else load(averaged, Checkpoint(ema, path=tree.path))
    with _named(tree):
        framework.write_optimizer(optimizer, model, state)
        if schedule is not None:
            resume_schedule(schedule, counted)
    return Resumed(loaded, loaded_average, _first(tree, EPOCH), _first(tree, STEP))


def _framework(model: Any) -> ModuleType:
    """The module that reads and writes optimizers of the model's framework."""
    return import_module(f"jtmigrate.frameworks.{inventory(model).adapter.name}_optimizer")


def _entry(tree: Tree, keys: tuple[str, ...], what: str, number: int) -> Any:
    entry = _first(tree, keys)
    if entry is None:
        raise UserError(f"holds no {what}: none of {', '.join(keys)}; it holds {', '.join(map(str, tree.entries))}")
    if not isinstance(entry, list):
        return entry
    if number >= len(entry):
        raise UserError(f"holds {len(entry)} of {what}, and number {number} is asked for, counted from 0")
    return entry[number]


def _arrays(entry: Any) -> dict[str, np.ndarray]:
    if not isinstance(entry, Mapping):
        raise UserError(f"holds no weights by name, but one {type(entry).__name__}")
    return {name: array for name, array in entry.items() if isinstance(array, np.ndarray)}


def _averaged(tree: Tree, weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The averaged weights: an entry of their own, or where a Lightning task holds them."""
    entry = _first(tree, AVERAGED)
    if entry is None:
        return unwrap(weights, ema=True).apply(weights)
    # torch.optim.swa_utils.AveragedModel counts beside its weights.
    return {name: array for name, array in _arrays(entry).items() if name != "n_averaged"}


def _first(tree: Tree, keys: tuple[str, ...]) -> Any:
    return next((tree.entries[key] for key in keys if key in tree.entries), None)


@contextmanager
def _named(tree: Tree) -> Iterator[None]:
    """Messages begin with the file."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{tree.path}: {error}" if tree.path else str(error)) from error
