"""What a Jittor optimizer keeps between two steps, read and set: stock ones and those of `jtmigrate.parity.optim`.

Stock Jittor has fewer options than PyTorch and counts the steps of all parameters at once. What it has no place for is
refused by name; the optimizers of `jtmigrate.parity.optim` have a place for everything.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jtmigrate.errors import UserError
from jtmigrate.frameworks.inventory import inventory
from jtmigrate.frameworks.jittor_variables import fetch, persistent_variables
from jtmigrate.frameworks.optimizer_checks import check_fits, fitted
from jtmigrate.trace.optimizer import COUNTS_STEPS, NEUTRAL, OPTIONS, OptimizerState, Option, ParameterGroup, slots_of

import jittor as jt  # isort: skip  (has been prepared)

_KINDS = {"AdamW": jt.optim.AdamW, "Adam": jt.optim.Adam, "SGD": jt.optim.SGD, "RMSprop": jt.optim.RMSprop}

_KEYS = {
    "AdamW": {"exp_avg": "m", "exp_avg_sq": "values", "max_exp_avg_sq": "max_values"},
    "Adam": {"exp_avg": "m", "exp_avg_sq": "values", "max_exp_avg_sq": "max_values"},
    "SGD": {"momentum_buffer": "values"},
    "RMSprop": {"square_avg": "values", "momentum_buffer": "momentum_buffers", "grad_avg": "grad_avgs"},
}
"""PyTorch's name of a slot -> key of the list that holds it in a parameter group."""


def read_optimizer(optimizer: jt.optim.Optimizer, model: jt.Module) -> OptimizerState:
    """A copy of the state. Raises UserError for another kind of optimizer, or parameters that are not the model's."""
    kind, members = kind_of(optimizer), _members(optimizer, model)
    groups, slots = [], {}
    for group, places in zip(optimizer.param_groups, members, strict=True):
        options = _options(kind, optimizer, group)
        groups.append(ParameterGroup(tuple(places), options))
        # What an option asks for since the last step is not there yet.
        wanted = [slot for slot in slots_of(kind, options) if slot == "step" or _KEYS[kind][slot] in group]
        for name, place in places.items():
            steps = group["steps"][place] if "steps" in group else optimizer.n_step
            if steps and wanted:
                moments = [slot for slot in wanted if slot != "step"]
                arrays = fetch([group[_KEYS[kind][slot]][place] for slot in moments])
                found = {"step": np.array(steps, np.float32), **dict(zip(moments, arrays, strict=True))}
                slots[name] = {slot: found[slot] for slot in wanted}
    return OptimizerState(kind, tuple(groups), slots)


def write_optimizer(optimizer: jt.optim.Optimizer, model: jt.Module, state: OptimizerState) -> None:
    """Set options and slots of every parameter, each in the parameter's own dtype.

    Parameters may stand in another order than in `state`, but have to be divided into the same groups. An option is
    set where it stands: in the group if that holds it, else in the optimizer, so that schedules go on finding it.
    Raises UserError, with nothing changed, if the kinds, groups, shapes or slots differ, a value would change, or
    stock Jittor has no place for an option or for a parameter's own number of steps.
    """
    kind, members = kind_of(optimizer), _members(optimizer, model)
    variables = persistent_variables(model)
    own = [name for places in members for name in places]
    check_fits(state, kind, [tuple(places) for places in members], {name: tuple(variables[name].shape) for name in own})
    slots = {name: fitted(name, arrays, str(variables[name].dtype)) for name, arrays in state.slots.items()}
    steps = {name: _steps(kind, slots.get(name, {})) for name in own}
    if not _counts_each(optimizer):
        _check_stock(optimizer, kind, state, steps)
    optimizer.n_step = max(steps.values())
    _set_options(optimizer, state)
    for group, places in zip(optimizer.param_groups, members, strict=True):
        if _counts_each(optimizer):
            group["steps"] = [0] * len(group["params"])
            for name, place in places.items():
                group["steps"][place] = steps[name]
        for slot, key in _KEYS[kind].items():
            found = {place: slots[name][slot] for name, place in places.items() if slot in slots.get(name, {})}
            if key in group or found:
                group[key] = [_var(found.get(place), var) for place, var in enumerate(group["params"])]


def group_names(optimizer: jt.optim.Optimizer, model: jt.Module) -> tuple[tuple[str, ...], ...]:
    """Names of the parameters of every group, in order. Raises UserError for a parameter that is not the model's.

    Buffers are left out: Jittor's `Module.parameters()` returns them too, and its optimizers then hold them.
    """
    return tuple(tuple(places) for places in _members(optimizer, model))


def kind_of(optimizer: jt.optim.Optimizer) -> str:
    """ "AdamW", "Adam", "SGD" or "RMSprop". Raises UserError for another kind."""
    found = next((kind for kind, cls in _KINDS.items() if isinstance(optimizer, cls)), None)
    if found is None:
        raise UserError(f"{type(optimizer).__name__} is not read: only {', '.join(_KINDS)} are")
    return found


def _counts_each(optimizer: jt.optim.Optimizer) -> bool:
    """Whether the optimizer counts the steps of every parameter, as those of `jtmigrate.parity.optim` do."""
    return all("steps" in group for group in optimizer.param_groups)


def _members(optimizer: jt.optim.Optimizer, model: jt.Module) -> tuple[dict[str, int], ...]:
    """For every group: name -> place of each parameter. A shared one has the first of its names."""
    names: dict[int, str] = {}
    for name, var in persistent_variables(model).items():
        names.setdefault(id(var), name)
    buffers = inventory(model).buffers
    for number, group in enumerate(optimizer.param_groups):
        for place, var in enumerate(group["params"]):
            if id(var) not in names:
                shape = tuple(var.shape)
                raise UserError(f"parameter {place} {shape} of the optimizer's group {number} is not the model's")
    return tuple(
        {names[id(var)]: place for place, var in enumerate(group["params"]) if names[id(var)] not in buffers}
        for group in optimizer.param_groups
    )


def _options(kind: str, optimizer: jt.optim.Optimizer, group: Mapping[str, Any]) -> dict[str, Option]:
    found = {name: group.get(name, getattr(optimizer, name, NEUTRAL.get(name))) for name in OPTIONS[kind]}
    if "initial_lr" in group:
        found["initial_lr"] = group["initial_lr"]
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}


def _steps(kind: str, slots: Mapping[str, np.ndarray]) -> int:
    """How often a parameter was stepped. PyTorch's SGD does not count: at least once if there is momentum."""
    return int(slots["step"]) if kind in COUNTS_STEPS and slots else int(bool(slots))


def _check_stock(optimizer: jt.optim.Optimizer, kind: str, state: OptimizerState, steps: Mapping[str, int]) -> None:
    """Raise UserError for what stock Jittor has no place for."""
    way_out = f"use jtmigrate.parity.optim.{kind}"
    for group in state.groups:
        for option, value in group.options.items():
            known = option == "initial_lr" or hasattr(optimizer, option)
            if not known and value != NEUTRAL[option]:
                raise UserError(f"Jittor's {kind} has no {option}, which is {value} for {group.names[0]}: {way_out}")
    first = next(iter(steps))
    for group in state.groups:
        for name in group.names:
            if kind in COUNTS_STEPS and steps[name] != steps[first]:
                raise UserError(
                    f"{name} was stepped {steps[name]} times and {first} {steps[first]} times; "
                    f"Jittor's {kind} counts for all parameters at once: {way_out}"
                )
            if kind == "SGD" and group.options.get("dampening") and not steps[name]:
                raise UserError(f"Jittor's SGD dampens the first gradient of {name} too: {way_out}")


def _set_options(optimizer: jt.optim.Optimizer, state: OptimizerState) -> None:
    for name in {name: None for group in state.groups for name in group.options}:
        values = [group.options.get(name) for group in state.groups]
        shared = name != "initial_lr" and all(value == values[0] for value in values)
        if shared and hasattr(optimizer, name):
            setattr(optimizer, name, values[0])
        for group, value in zip(optimizer.param_groups, values, strict=True):
            if (
                value is not None
                and (name in group or not shared)
                and (name == "initial_lr" or hasattr(optimizer, name))
            ):
                group[name] = value


def _var(array: np.ndarray | None, like: jt.Var) -> jt.Var:
    """The array, or zeros, in the dtype and shape of a parameter."""
    if array is None:
        return jt.zeros(like.shape, like.dtype).stop_grad()
    with jt.flag_scope(auto_convert_64_to_32=0):
        return jt.array(np.ascontiguousarray(array).reshape(tuple(like.shape))).stop_grad()
