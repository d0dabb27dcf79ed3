"""`Trace`: what one run of one model left behind, as plain arrays.

A trace knows no framework: an adapter in `jtmigrate.frameworks` fills it, `jtmigrate.compare` reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]
"""A nested output flattened: "" for a lone tensor, "0", "1.scores" for members of tuples and dicts."""

ROOT = ""
"""Path of the model itself. Its record is the whole run, also where the run is not a plain call of the model."""


@dataclass(frozen=True)
class LayerRecord:
    """One call of one module.

    path       dotted module path, "" for the model itself
    call       0 for the first call of this module, 1 for the second, ...
    kind       class name of the module
    is_leaf    has no child modules
    inputs     flattened positional and keyword inputs ("0", "1", "mask", ...)
    outputs    flattened output
    parent     key of the call that made this one; None for the model itself
    arguments  the call's (args, kwargs) with slots in place of the arrays of `inputs` (see trace.structure)
    result     what it returned, with slots in place of the arrays of `outputs`
    written    inputs that the call wrote into and returned: their slots, with the output's slot
    gradients  gradient of the loss with respect to the outputs, by output slot; empty for a run without backward pass
    handed     arrays that this module handed to its children, by "child key/slot"; filled for an isolated replay only,
               where children answer with the reference's outputs and what they are given is the proof
    pullback   isolated replay with backward pass only: the products of a fixed random cotangent of everything that the
               module returns and hands on with its Jacobian, by what it is the product for: "input 0", "parameter
               weight", "answer of conv1/"
    buffers    isolated replay only: the module's own buffers after the call, by local name; those that it changed
    failure    why an isolated replay could not be carried through, "" if it could: it called other children than
               the reference does, or raised
    """

    path: str
    call: int
    kind: str
    is_leaf: bool
    inputs: Arrays
    outputs: Arrays
    parent: str | None = None
    arguments: Any = ((), {})
    result: Any = None
    written: Mapping[str, str] = field(default_factory=dict)
    gradients: Arrays = field(default_factory=dict)
    handed: Arrays = field(default_factory=dict)
    pullback: Arrays = field(default_factory=dict)
    buffers: Arrays = field(default_factory=dict)
    failure: str = ""

    @property
    def key(self) -> str:
        """Unique name within a trace: "fpn.upsample" for the first call, "fpn.upsample#1" for the second."""
        return call_key(self.path, self.call)

    def handed_to(self, call: "LayerRecord") -> dict[str, np.ndarray]:
        """What this call handed to one of the calls that it made, by input slot: the part of `handed` that is that
        call's."""
        prefix = f"{call.key}/"
        return {name.removeprefix(prefix): array for name, array in self.handed.items() if name.startswith(prefix)}


@dataclass(frozen=True)
class Trace:
    """One run: layers in the order in which they *finished*, the state that produced them, and where it ran.

    framework   "torch" or "jittor"
    dtype       "float32" or "float64": the precision that the model ran in
    layers      finished calls; a child precedes its parent
    state       parameters and buffers by name, before the run
    uncalled    paths of modules that compute something and were never called
    meta        versions, thread count, seconds: for reports only
    buffers     buffers by name, after the run; those that it changed
    gradients   gradient of the loss by parameter name; empty for a run without backward pass
    settings    what each module was constructed with, by path: {"kind": "Conv2d", "stride": (2, 2), ...}
    sources     "file:line" of the code that computes each module or stage, by path; "" where not known
    """

    framework: str
    dtype: str
    layers: tuple[LayerRecord, ...]
    state: Mapping[str, np.ndarray]
    uncalled: tuple[str, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    buffers: Arrays = field(default_factory=dict)
    gradients: Arrays = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def by_key(self) -> dict[str, LayerRecord]:
        """The layers by their unique key, in the order in which they finished."""
        return {layer.key: layer for layer in self.layers}

    @cached_property
    def calls_made_by(self) -> dict[str, list[LayerRecord]]:
        """For every call that called others: those calls, in the order in which they finished."""
        calls: dict[str, list[LayerRecord]] = {}
        for layer in self.layers:
            if layer.parent is not None:
                calls.setdefault(layer.parent, []).append(layer)
        return calls


def call_key(path: str, call: int) -> str:
    """The unique name of the n-th call (from 0) of a module."""
    return path if call == 0 else f"{path}#{call}"
