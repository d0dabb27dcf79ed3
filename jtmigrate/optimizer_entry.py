"""`OptimizerState` to and from the entry of a training checkpoint: what `torch.optim.Optimizer.state_dict()` returns.

PyTorch numbers parameters: {"state": {0: {"step": ..., "exp_avg": ...}}, "param_groups": [{"lr": ..., "params": [0]}]}.
Numbers become names by their position: the first number of a group is the first parameter of the same group of the
optimizer that is to be resumed. That one has to be made of the same parameters in the same order, which shapes cannot
prove; where a group holds "param_names" (PyTorch does if it was given names, and so does this toolkit), they decide.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jtmigrate.errors import UserError
from jtmigrate.naming.prefixes import unwrap
from jtmigrate.trace.optimizer import MOMENTS, OPTIONS, OptimizerState, Option, ParameterGroup


def from_entry(entry: Any, kind: str, groups: Sequence[Sequence[str]]) -> OptimizerState:
    """The state in an entry, for an optimizer of this kind with these parameters in these groups.

    Raises UserError if it is no such entry, of another kind, or of other numbers of groups or parameters.
    """
    _check_form(entry)
    stored = entry["param_groups"]
    if len(stored) != len(groups):
        raise UserError(f"the checkpoint has {len(stored)} parameter groups, the optimizer {len(groups)}")
    names: dict[Any, str] = {}
    found = []
    for number, (group, own) in enumerate(zip(stored, groups, strict=True)):
        _check_kind(group, kind)
        ordered = _ordered(group, own, number)
        names.update(zip(group["params"], ordered, strict=True))
        found.append(ParameterGroup(tuple(ordered), _options(group, kind)))
    strangers = [number for number in entry["state"] if number not in names]
    if strangers:
        raise UserError(f"the checkpoint has a state for parameter {strangers[0]!r}, which is in none of its groups")
    slots = {names[number]: _slots(slots, kind, names[number]) for number, slots in entry["state"].items()}
    return OptimizerState(kind, tuple(found), {name: arrays for name, arrays in slots.items() if arrays})


def to_entry(state: OptimizerState) -> dict[str, Any]:
    """The entry of a state; `torch.optim.Optimizer.load_state_dict` takes it."""
    numbers = {name: number for number, name in enumerate(name for group in state.groups for name in group.names)}
    groups = [
        {
            **group.options,
            **({"decoupled_weight_decay": state.kind == "AdamW"} if state.kind in ("AdamW", "Adam") else {}),
            "params": [numbers[name] for name in group.names],
            "param_names": list(group.names),
        }
        for group in state.groups
    ]
    slots = {numbers[name]: dict(arrays) for name, arrays in state.slots.items()}
    return {"state": dict(sorted(slots.items())), "param_groups": groups}


def _check_form(entry: Any) -> None:
    """Raise UserError unless it is nested as PyTorch nests it."""
    match entry:
        case {"state": Mapping() as state, "param_groups": [*groups]}:
            numbered = all(isinstance(slots, Mapping) for slots in state.values())
            if numbered and all(map(_is_group, groups)):
                return
    raise UserError('no state of a PyTorch optimizer: it has "state" and "param_groups", which list their "params"')


def _is_group(group: Any) -> bool:
    match group:
        case {"params": [*numbers]}:
            names = group.get("param_names", [])
            texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
            return texts and all(isinstance(number, int) for number in numbers)
    return False


def _ordered(group: Mapping[str, Any], own: Sequence[str], number: int) -> Sequence[str]:
    """The names of a stored group's parameters."""
    stored = unwrap(group.get("param_names", ()), target=own).pairs
    if set(stored) == set(own):
        return list(stored)
    if len(group["params"]) != len(own):
        raise UserError(
            f"parameter group {number} has {len(group['params'])} parameters in the checkpoint and {len(own)} in the "
            f"optimizer (from {own[0]} to {own[-1]}): make it of the same parameters in the same order"
        )
    return own


def _check_kind(group: Mapping[str, Any], kind: str) -> None:
    lacking = [option for option in OPTIONS[kind] if option not in group and option != "maximize"]
    decoupled = group.get("decoupled_weight_decay")
    if lacking:
        raise UserError(f"the checkpoint's optimizer has no {lacking[0]}, so it is not {kind}")
    if decoupled is not None and kind in ("Adam", "AdamW") and bool(decoupled) != (kind == "AdamW"):
        raise UserError(f"the checkpoint is of {'AdamW' if decoupled else 'Adam'}, the optimizer is {kind}")


def _options(group: Mapping[str, Any], kind: str) -> dict[str, Option]:
    found = {name: group[name] for name in (*OPTIONS[kind], "initial_lr") if name in group}
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Option:
    """PyTorch allows tensors, and files make lists of tuples. Raises UserError for what is no number."""
    try:
        if isinstance(value, tuple | list):
            return tuple(float(member) for member in value)
        return value if isinstance(value, bool) else float(value)
    except (TypeError, ValueError) as error:
        raise UserError(f"{value!r} is no option of an optimizer") from error


def _slots(slots: Mapping[str, Any], kind: str, name: str) -> dict[str, np.ndarray]:
    """Without those that are None, as momentum is before the first step."""
    for slot in slots:
        if slot not in ("step", *MOMENTS[kind]):
            raise UserError(f"{name} has {slot}, which {kind} does not keep")
        if not isinstance(slots[slot], np.ndarray | float | int | None):
            raise UserError(f"{slot} of {name} is no array")
    return {
        slot: np.asarray(value, np.float32 if slot == "step" else None)
        for slot, value in slots.items()
        if value is not None
    }
