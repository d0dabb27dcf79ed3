"""Going on with a run: only with what it was begun with."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from nanodet_common.errors import InputError
from nanodet_common.training.checkpoint import Identity

FREE = (
    "save_dir", "log", "evaluator", "device.gpu_ids", "device.workers_per_gpu",
    "schedule.resume", "schedule.load_model", "schedule.total_epochs", "schedule.val_intervals",
)  # fmt: skip
"""Parts of a configuration that may change: no step depends on them."""


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


def _contradiction(source: object, name: str, before: Any, now: Any) -> str:
    return f"{source}: the run was begun with {name} {before}, not {now}; go on with the same, or give another --out"


def _leaves(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted name -> value that is no mapping."""
    return dict(_walk(tree, ""))


def _walk(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from _walk(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
