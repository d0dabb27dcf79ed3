"""`OptimizerState`: what an optimizer keeps between two steps, in PyTorch's words, whatever framework it came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

Option = float | bool | tuple[float, ...]

MOMENTS: dict[str, tuple[str, ...]] = {
    "AdamW": ("exp_avg", "exp_avg_sq", "max_exp_avg_sq"),
    "Adam": ("exp_avg", "exp_avg_sq", "max_exp_avg_sq"),
    "SGD": ("momentum_buffer",),
    "RMSprop": ("square_avg", "momentum_buffer", "grad_avg"),
}
"""Kind of optimizer -> the arrays that it may keep for a parameter, in the parameter's shape."""

OPTIONS: dict[str, tuple[str, ...]] = {
    "AdamW": ("lr", "betas", "eps", "weight_decay", "amsgrad", "maximize"),
    "Adam": ("lr", "betas", "eps", "weight_decay", "amsgrad", "maximize"),
    "SGD": ("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize"),
    "RMSprop": ("lr", "alpha", "eps", "weight_decay", "momentum", "centered", "maximize"),
}
"""Kind of optimizer -> the options that say how it steps. PyTorch's others say how fast, and stay behind."""

NEUTRAL: dict[str, Option] = {
    **dict.fromkeys(("weight_decay", "momentum", "dampening"), 0.0),
    **dict.fromkeys(("amsgrad", "maximize", "nesterov", "centered"), False),
}
"""Options that do nothing at this value."""

COUNTS_STEPS = ("AdamW", "Adam", "RMSprop")
"""Kinds of optimizer that keep a "step" for every parameter; PyTorch's SGD does not."""

_NEEDS = {"max_exp_avg_sq": "amsgrad", "momentum_buffer": "momentum", "grad_avg": "centered"}


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that are stepped alike.

    names    of the parameters in the model, in the optimizer's order
    options  "lr", "betas", "eps", "weight_decay", ...: see `OPTIONS`; "initial_lr" too where a schedule has left it
    """

    names: tuple[str, ...]
    options: Mapping[str, Option]


@dataclass(frozen=True)
class OptimizerState:
    """An optimizer between two steps.

    kind    "AdamW", "Adam", "SGD" or "RMSprop"
    groups  in the optimizer's order
    slots   parameter name -> PyTorch's slot name -> array: "step" () and `MOMENTS` in the parameter's shape;
            a parameter that has not been stepped yet is absent. PyTorch's SGD counts no steps
    """

    kind: str
    groups: tuple[ParameterGroup, ...]
    slots: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)


def slots_of(kind: str, options: Mapping[str, Option]) -> tuple[str, ...]:
    """The slots of every parameter that an optimizer with these options has stepped."""
    moments = tuple(slot for slot in MOMENTS[kind] if options.get(_NEEDS.get(slot), True))
    return ("step", *moments) if kind in COUNTS_STEPS else moments
