"""What a PyTorch optimizer keeps between two steps, read and set."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from jtmigrate.errors import UserError
from jtmigrate.frameworks.optimizer_checks import check_fits, fitted
from jtmigrate.trace.optimizer import OPTIONS, OptimizerState, Option, ParameterGroup

_KINDS = {"AdamW": torch.optim.AdamW, "Adam": torch.optim.Adam, "SGD": torch.optim.SGD, "RMSprop": torch.optim.RMSprop}
"""AdamW before Adam, of which it is a kind."""

_DTYPES = (torch.float16, torch.float32, torch.float64)


def read_optimizer(optimizer: torch.optim.Optimizer, model: torch.nn.Module) -> OptimizerState:
    """A copy of the state. Raises UserError for another kind of optimizer, or parameters that are not the model's."""
    kind = kind_of(optimizer)
    names = group_names(optimizer, model)
    groups = tuple(
        ParameterGroup(own, _options(kind, group)) for group, own in zip(optimizer.param_groups, names, strict=True)
    )
    slots = {}
    for group, own in zip(optimizer.param_groups, names, strict=True):
        for parameter, name in zip(group["params"], own, strict=True):
            arrays = {
                slot: _array(value) for slot, value in optimizer.state.get(parameter, {}).items() if value is not None
            }
            if arrays:
                slots[name] = arrays
    return OptimizerState(kind, groups, slots)


def write_optimizer(optimizer: torch.optim.Optimizer, model: torch.nn.Module, state: OptimizerState) -> None:
    """Set options and slots of every parameter, each in the parameter's own dtype and on its device.

    Parameters may stand in another order than in `state`, but have to be divided into the same groups.
    Raises UserError, with nothing changed, if the kinds, groups, shapes or slots differ, or a value would change.
    """
    kind, names = kind_of(optimizer), group_names(optimizer, model)
    parameters = dict(model.named_parameters())
    dtypes = {name: str(parameters[name].dtype).removeprefix("torch.") for group in names for name in group}
    check_fits(state, kind, names, {name: tuple(parameters[name].shape) for name in dtypes})
    slots = {name: fitted(name, arrays, dtypes[name]) for name, arrays in state.slots.items()}
    for group, own, source in zip(optimizer.param_groups, names, state.groups, strict=True):
        group.update(source.options)
        for parameter, name in zip(group["params"], own, strict=True):
            optimizer.state.pop(parameter, None)
            if name in slots:
                optimizer.state[parameter] = _tensors(slots[name], parameter, group)


def kind_of(optimizer: torch.optim.Optimizer) -> str:
    """ "AdamW", "Adam", "SGD" or "RMSprop". Raises UserError for another kind."""
    found = next((kind for kind, cls in _KINDS.items() if isinstance(optimizer, cls)), None)
    if found is None:
        raise UserError(f"{type(optimizer).__name__} is not read: only {', '.join(_KINDS)} are")
    decoupled = any(group.get("decoupled_weight_decay") for group in optimizer.param_groups)
    return "AdamW" if found == "Adam" and decoupled else found


def group_names(optimizer: torch.optim.Optimizer, model: torch.nn.Module) -> tuple[tuple[str, ...], ...]:
    """Names of the parameters of every group, in order. Raises UserError for a parameter that is not the model's."""
    known = {id(parameter): name for name, parameter in model.named_parameters()}
    for number, group in enumerate(optimizer.param_groups):
        for position, parameter in enumerate(group["params"]):
            if id(parameter) not in known:
                shape = tuple(parameter.shape)
                raise UserError(f"parameter {position} {shape} of the optimizer's group {number} is not the model's")
            if parameter.dtype not in _DTYPES:
                raise UserError(f"{known[id(parameter)]} is {parameter.dtype}, whose optimizer state is not read")
    return tuple(tuple(known[id(parameter)] for parameter in group["params"]) for group in optimizer.param_groups)


def _options(kind: str, group: Mapping[str, Any]) -> dict[str, Option]:
    return {name: _plain(group[name]) for name in (*OPTIONS[kind], "initial_lr") if name in group}


def _plain(value: Any) -> Option:
    """PyTorch allows tensors as learning rates and betas."""
    if isinstance(value, tuple | list):
        return tuple(float(member) for member in value)
    return value if isinstance(value, bool) else float(value)


def _array(value: Any) -> np.ndarray:
    return value.detach().to(device="cpu", copy=True).numpy() if isinstance(value, torch.Tensor) else np.asarray(value)


def _tensors(
    arrays: Mapping[str, np.ndarray], parameter: torch.nn.Parameter, group: Mapping[str, Any]
) -> dict[str, torch.Tensor]:
    """Slots as the optimizer itself lays them out: moments like the parameter, step counts on the CPU unless fused."""
    tensors = {}
    for slot, array in arrays.items():
        if slot == "step":
            device = parameter.device if group.get("capturable") or group.get("fused") else "cpu"
            tensors[slot] = torch.tensor(float(array), dtype=torch.float32, device=device)
        else:
            tensors[slot] = torch.zeros_like(parameter, requires_grad=False).copy_(torch.from_numpy(array.copy()))
    return tensors
