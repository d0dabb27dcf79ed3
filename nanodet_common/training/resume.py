"""Going on with a run: only with what it was begun with."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from jtmigrate.files import sha256_of
from nanodet_common.errors import InputError
from nanodet_common.training.checkpoint import Identity

FREE = (
    "save_dir", "log", "evaluator", "device.gpu_ids", "device.workers_per_gpu",
    "schedule.resume", "schedule.load_model", "schedule.total_epochs", "schedule.val_intervals",
)  # fmt: skip
"""Parts of a configuration that may change: no step depends on them."""
OPTIONS = {
    "schedule.lr_schedule.T_max": "--epochs", "schedule.accumulate": "--accumulate", "schedule.optimizer.lr": "--lr",
    "device.batchsize_per_gpu": "--batch",
}  # fmt: skip
"""What part of a configuration follows which option of the command line."""


def check_same(saved: Identity, own: Identity, source: object) -> None:
    """Raise InputError, which names the first difference, unless a run with `own` is a continuation of `saved`."""
    before, now = _leaves(yaml.safe_load(saved.config)), _leaves(yaml.safe_load(own.config))
    for name in {**before, **now}:
        if before.get(name) != now.get(name) and not name.startswith(FREE):
            raise InputError(_contradiction(source, name, before.get(name), now.get(name)))
    if saved.seed != own.seed:
        raise InputError(_contradiction(source, "the seed", saved.seed, own.seed))
    if saved.data != own.data:
        raise InputError(f"{source}: the run was begun with another training set; give the same, or another --out")
    if saved.val is not None and saved.val != own.val:
        begun = f"the run was begun with {'another' if saved.val else 'no'} validation set"
        raise InputError(f"{source}: {begun}; give --val, --val-coco or --holdout as then, or another --out")


def check_start(sessions: Sequence[Mapping[str, Any]], weights: Path, load: str, source: object) -> None:
    """Raise InputError unless the run of these sessions (`RunFolder.sessions`) was begun from this file and this way.

    Where they do not tell of a beginning, anything is believed.
    """
    beginnings = [session for session in sessions if "resumed" not in session]
    if not beginnings:
        return
    begun = beginnings[-1].get("weights")
    if not begun:
        raise InputError(f"{source}: the run was begun without --weights; leave them out, or give another --out")
    try:
        same = sha256_of(weights) == begun["sha256"]
    except OSError as error:
        raise InputError(f"{weights}: {error.strerror}; to go on with a run, leave out --weights and --load") from error
    if not same:
        raise InputError(_contradiction(source, "--weights", begun["file"], weights))
    if load != begun["load"]:
        raise InputError(_contradiction(source, "--load", begun["load"], load))


def _contradiction(source: object, name: str, before: Any, now: Any) -> str:
    same = f"the same {OPTIONS[name]}" if name in OPTIONS else "the same"
    return f"{source}: the run was begun with {name} {before}, not {now}; go on with {same}, or give another --out"


def _leaves(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted name -> value that is no mapping."""
    return dict(_walk(tree, ""))


def _walk(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from _walk(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
