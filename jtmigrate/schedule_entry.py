"""The state of a learning rate schedule to and from the entry of a training checkpoint.

PyTorch's entry holds the schedule's attributes: {"last_epoch": 3, "base_lrs": [0.1], ...}. A schedule of another
framework can go on from it if it counts with attributes of the same names, as `jittor.optim.LambdaLR` does; those of
`jittor.lr_scheduler` do not.
"""

from collections.abc import Mapping
from typing import Any

from jtmigrate.errors import UserError

COUNTED = ("last_epoch", "base_lrs")
"""What a schedule goes on from."""

_CALLABLES = ("lr_lambdas",)
"""Functions, which are the program's and not the checkpoint's."""

_BOOKKEEPING = ("verbose", "_get_lr_called_within_step", "_is_initial", "_step_count", "_last_lr")
"""Attributes of PyTorch's schedules on which no later learning rate depends."""


def schedule_entry(schedule: Any) -> dict[str, Any]:
    """The entry of a schedule. Raises UserError if it does not count as PyTorch's do."""
    if hasattr(schedule, "state_dict"):
        return schedule.state_dict()
    _check_counts(schedule)
    entry = {name: value for name, value in vars(schedule).items() if name != "optimizer" and name not in _CALLABLES}
    return entry | {name: [None] * len(getattr(schedule, name)) for name in _CALLABLES if hasattr(schedule, name)}


def resume_schedule(schedule: Any, entry: Mapping[str, Any]) -> None:
    """Set a schedule from an entry; learning rates themselves are the optimizer's.

    Raises UserError, with nothing changed, if the entry is no schedule's, or holds what this one has no place for.
    """
    if not isinstance(entry, Mapping) or "last_epoch" not in entry:
        raise UserError('no state of a PyTorch schedule: it has "last_epoch"')
    if hasattr(schedule, "load_state_dict"):
        schedule.load_state_dict(dict(entry))
        return
    _check_counts(schedule)
    taken = {name: value for name, value in entry.items() if name not in _CALLABLES}
    for name in taken:
        if not hasattr(schedule, name) and name not in _BOOKKEEPING:
            raise UserError(
                f"the checkpoint's schedule has {name}, which {type(schedule).__name__} has not: make the same"
            )
    for name, value in taken.items():
        if hasattr(schedule, name):
            setattr(schedule, name, value)


def _check_counts(schedule: Any) -> None:
    if not all(hasattr(schedule, name) for name in COUNTED):
        kind = f"{type(schedule).__module__}.{type(schedule).__name__}"
        raise UserError(f"{kind} does not count as PyTorch's schedules do: write it as a jittor.optim.LambdaLR")
