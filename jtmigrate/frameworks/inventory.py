"""Which framework a model is of, and what it holds under which names."""

import sys
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

from jtmigrate.errors import UserError
from jtmigrate.frameworks.base import Adapter

_RUNNING = ("running_mean", "running_var")


@dataclass(frozen=True)
class Inventory:
    """adapter  of the model's framework
    buffers  names that are no parameters; of a Jittor model, which does not tell them apart, what was registered as a
             buffer and the running statistics of normalisation
    ties     groups of names that stand for one tensor
    """

    adapter: Adapter
    buffers: frozenset[str]
    ties: tuple[tuple[str, ...], ...]


def framework_of(model: Any) -> str:
    """ "torch" or "jittor", the framework that something is a model of; "" if of neither."""
    # Whoever made the model has imported its framework: the other one is not needed, and may not be there.
    if "torch" in sys.modules and isinstance(model, sys.modules["torch"].nn.Module):
        return "torch"
    return "jittor" if "jittor" in sys.modules and isinstance(model, sys.modules["jittor"].Module) else ""


def inventory(model: Any) -> Inventory:
    """Raises UserError if it is neither a torch.nn.Module nor a jittor.Module."""
    framework = framework_of(model)
    if not framework:
        raise UserError(f"expected a torch.nn.Module or a jittor.Module, got {type(model).__name__}")
    return _of_torch(model) if framework == "torch" else _of_jittor(model)


def _of_torch(model: Any) -> Inventory:
    from jtmigrate.frameworks.torch_adapter import TorchAdapter

    state = model.state_dict(keep_vars=True)
    parameters = {id(parameter) for parameter in model.parameters()}
    buffers = frozenset(name for name, tensor in state.items() if id(tensor) not in parameters)
    return Inventory(TorchAdapter(), buffers, _ties((name, id(tensor)) for name, tensor in state.items()))


def _of_jittor(model: Any) -> Inventory:
    from jtmigrate.frameworks.jittor_adapter import JittorAdapter
    from jtmigrate.frameworks.jittor_variables import persistent_variables

    variables = persistent_variables(model)
    buffers = frozenset(
        name
        for name, var in variables.items()
        # `register_buffer` says of every Var whether it is persistent.
        if hasattr(var, "persistent") or name.rpartition(".")[2] in _RUNNING
    )
    return Inventory(JittorAdapter(), buffers, _ties((name, id(var)) for name, var in variables.items()))


def _ties(named: Iterable[tuple[str, Hashable]]) -> tuple[tuple[str, ...], ...]:
    groups: dict[Hashable, list[str]] = defaultdict(list)
    for name, identity in named:
        groups[identity].append(name)
    return tuple(tuple(names) for names in groups.values() if len(names) > 1)
