"""A run that has been stopped, in a file: one form for both frameworks."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from jtmigrate.checkpoint.tree import read_tree, write_tree
from nanodet_common.errors import InputError


class Position(NamedTuple):
    """Where a run stands, all counted from 0: the epoch, the next batch in it, the next step of the whole run."""

    epoch: int
    batch: int
    step: int


BEGINNING = Position(0, 0, 0)


class Identity(NamedTuple):
    """What decides a run, beside the weights that it started from.

    config  the configuration as YAML
    seed    of initial values, of the images' order and of their augmentation
    data    hash of the training set
    val     hash of that for validation, "" for none; None in checkpoints that do not tell
    """

    config: str
    seed: int
    data: str
    val: str | None = None


@dataclass(frozen=True)
class RunState:
    """A run between two steps.

    engine       `TrainingEngine.state`
    validations  those so far: {"epoch", "step", metric: value or None}
    framework    who wrote it
    """

    position: Position
    identity: Identity
    engine: Mapping[str, Any]
    validations: tuple[Mapping[str, Any], ...]
    framework: str


def write_state(path: Path, state: RunState) -> None:
    """Write a .ckpt for PyTorch or a .pkl for Jittor, whole or not at all. Raises UserError if that is impossible."""
    position = {"epoch": state.position.epoch, "batch": state.position.batch, "global_step": state.position.step}
    rest = {"validations": [dict(one) for one in state.validations], "framework": state.framework}
    write_tree(path, {**state.engine, **position, **state.identity._asdict(), **rest})


def read_state(path: Path) -> RunState:
    """Read what `write_state` wrote, whichever framework's. Raises UserError for anything else."""
    entries = dict(read_tree(path).entries)
    try:
        return RunState(
            Position(*(entries.pop(name) for name in ("epoch", "batch", "global_step"))),
            Identity(*(entries.pop(name) for name in ("config", "seed", "data")), entries.pop("val", None)),
            validations=tuple(entries.pop("validations")),
            framework=entries.pop("framework"),
            engine=entries,
        )
    except KeyError as error:
        raise InputError(f"{path}: no checkpoint of a training run: it has no {error}") from error
