"""The Vars of a Jittor model, and how to hold on to what they are at a moment."""

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from jtmigrate import runtime

with runtime.import_of_jittor():
    import jittor as jt


def fetch(handles: Sequence[jt.Var]) -> Iterator[np.ndarray]:
    """The arrays of many Vars: computed together, copied one by one."""
    jt.sync(list(handles))
    return (handle.numpy() for handle in handles)


_NO_SCALAR = np.zeros(2, np.float32)


def second_name(var: jt.Var) -> jt.Var:
    """Another Var for the same node of the graph: no operator is added, and `var += 1` does not reach it.

    `Var.assign` takes over the node but moves the receiver's name to it, its stop_grad mark if it has one, and its mark
    of a scalar: `1 - var` would become float32 in a float64 run if the receiver were made from a number.
    """
    name = var.name()
    with jt.enable_grad():
        other = jt.Var(_NO_SCALAR)
    other.assign(var)
    var.name(name)
    return other


_NODE = re.compile(r"(Var|Op)\((\d+):[^,]*:g([01]),(\w+)")
"""How Jittor prints a node of its graph: its number, whether gradients pass it, a dtype or what an operator does."""


def number(var: jt.Var) -> int:
    """What tells the Vars of a graph apart."""
    return int(_NODE.search(var.debug_msg()).group(2))


def trained_by(parameters: Iterable[jt.Var]) -> set[int]:
    """Numbers of the Vars through which a gradient reaches these parameters: what requires a gradient in torch.

    Jittor computes the gradient of any Var it is asked for, that of a target of the loss too.
    """
    graph = jt.dump_all_graphs()
    outputs = graph.outputs
    nodes = [_NODE.match(text).groups() for text in graph.nodes_info]
    passable = [passes == "1" and (kind == "Op" or "float" in what) for kind, _, passes, what in nodes]
    places = {int(each): place for place, (kind, each, _, _) in enumerate(nodes) if kind == "Var"}
    waiting = [places[number(each)] for each in parameters]
    reached = set(waiting)
    while waiting:
        following = {place for place in outputs[waiting.pop()] if passable[place]} - reached
        reached |= following
        waiting += following
    return {each for each, place in places.items() if place in reached}


def frozen_by_eval(model: jt.Module) -> list[jt.Var]:
    """Parameters that `eval()` has stopped the gradients of and `train()` would restore."""
    trained = {
        key for module in model.modules() for key, wanted in getattr(module, "backup_grad_state", {}).items() if wanted
    }
    return [var for var in variables_of(model) if id(var) in trained and var.is_stop_grad()]


def distinct(named_modules: Sequence[tuple[str, jt.Module]]) -> Iterator[tuple[str, jt.Module]]:
    """Each module once, under its first path, as torch lists them."""
    seen = set()
    for path, module in named_modules:
        if id(module) not in seen:
            seen.add(id(module))
            yield path, module


def attributes(module: jt.Module) -> Iterator[tuple[str, jt.Var]]:
    """A module's own Vars, underscored ones included."""
    holder = module.params if isinstance(module, jt.nn.ParameterList) else vars(module)
    for name, value in holder.items():
        if isinstance(value, jt.Var):
            yield str(name), value


def variables_of(model: jt.Module) -> Iterator[jt.Var]:
    """Every distinct Var of a model: parameters, buffers and underscored constants."""
    seen = set()
    for _, module in model.named_modules():
        for _, var in attributes(module):
            if id(var) not in seen:
                seen.add(id(var))
                yield var


def persistent_variables(model: jt.Module) -> dict[str, jt.Var]:
    """What Jittor saves with a model, shared Vars under each of their names as torch does."""
    return {
        f"{path}.{name}" if path else name: var
        for path, module in model.named_modules()
        for name, var in attributes(module)
        if not name.startswith("_") and getattr(var, "persistent", True)
    }
