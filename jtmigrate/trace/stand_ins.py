"""Runs one module of a port alone, on what the reference's module was given.

A leaf is simply called. A container is called while stand-ins take the place of its children: they answer with what
the reference's children answered and keep what they are handed. What is then tested is the container's own code (the
concatenation, the shuffle, the residual addition), whatever its children do.

With a backward pass, everything that the module returned or handed on gets a fixed random cotangent, which is pulled
back to everything that the module was given: inputs, own parameters, its children's answers.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np

from jtmigrate.errors import USERS_CODE, raised
from jtmigrate.trace.cotangents import cotangent
from jtmigrate.trace.record import LayerRecord, Trace
from jtmigrate.trace.recorder import call_arguments
from jtmigrate.trace.structure import put_together, take_apart


class Backward(Protocol):
    """How a framework differentiates one call."""

    def source(self, tensor: Any) -> tuple[Any, Any]:
        """A tensor to differentiate by, and the one to hand to the module in its place."""

    def pull_back(
        self, targets: Sequence[tuple[Any, Callable[[tuple[int, ...]], np.ndarray]]], sources: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Handles on the gradients by those sources that any target depends on.

        targets  tensors, each with a function from its shape to its cotangent
        """


Write = Callable[[Any, Any], Any]
"""(tensor, value): the tensor becomes the value, for a backward pass too; returns what it was before."""


class _OffScript(Exception):
    """The module under test called a child for which the reference has no answer."""


@dataclass
class _Scene:
    """One replay.

    keep     makes handles
    answers  left for each child
    handed   handles on what the children were handed
    targets  (tensor, key of the call, number) of what leaves the module's own code
    sources  what enters it, by name
    """

    path: str
    keep: Callable[[Any], Any]
    answers: dict[str, deque[LayerRecord]]
    handed: dict[str, Any] = field(default_factory=dict)
    targets: list[tuple[Any, str, int]] = field(default_factory=list)
    sources: dict[str, Any] = field(default_factory=dict)
    entered: bool = False


class StandIns:
    """Wraps the functions that compute modules; `perform` then runs one of them on its own.

    is_tensor        as for a `Recorder`
    keeper           makes the `keep` of a `Recorder`, for one performance
    make             turns a recorded array into a tensor of the framework
    backward         None for a forward pass alone
    write            writes a value into a tensor in place and returns what it was, where modules may do so
    """

    def __init__(
        self,
        reference: Trace,
        is_tensor: Callable[[Any], bool],
        keeper: Callable[[], Callable[[Any], Any]],
        make: Callable[[Any], Any],
        backward: Backward | None = None,
        write: Write | None = None,
    ):
        self._reference = reference
        self._known = {layer.path for layer in reference.layers} | set(reference.uncalled)
        self._is_tensor = is_tensor
        self._keeper = keeper
        self._make = make
        self._backward = backward
        self._write = write
        self._stages: dict[str, Callable] = {}
        self._scene: _Scene | None = None

    def wrap(self, path: str, function: Callable) -> Callable:
        """`function`, or a stand-in for it while another module is under test."""

        def guarded(*args, **kwargs):
            scene = self._scene
            if scene is not None and scene.path == path and not scene.entered:
                scene.entered = True
                return function(*args, **kwargs)
            if scene is None or path not in self._known:
                # Nothing was recorded for a module that the reference does not have: it is part of its caller's code.
                return function(*args, **kwargs)
            return self._answer(scene, path, args, kwargs)

        return guarded

    def watch(self, name: str, function: Callable) -> Callable:
        """As `wrap`, for a stage, which is met only when its caller is performed."""
        self._stages[name] = function
        return self.wrap(name, function)

    def stage(self, name: str) -> Callable | None:
        """The function of a stage that has been met, to be performed."""
        return self._stages.get(name) and self.wrap(name, self._stages[name])

    def perform(
        self, record: LayerRecord, kind: str, is_leaf: bool, run: Callable, parameters: Mapping[str, Any] | None = None
    ) -> LayerRecord:
        """Call `run` on the inputs of the reference's `record`; the new record holds handles of what came out.

        parameters  trainable ones of the module itself, by local name: what a backward pass differentiates by too
        """
        scene = _Scene(record.path, self._keeper(), self._answers_for(record))
        self._scene = scene
        result, outputs, pullback, failure = None, {}, {}, ""
        try:
            args, kwargs = put_together(record.arguments, self._enter(scene, "input", record.inputs))
            result, outputs = take_apart(run(*args, **kwargs), self._is_tensor)
            self._leave(scene, record.key, outputs)
            if self._backward:
                scene.sources |= {f"parameter {name}": tensor for name, tensor in (parameters or {}).items()}
                targets = [(tensor, partial(cotangent, key, number)) for tensor, key, number in scene.targets]
                pullback = self._backward.pull_back(targets, scene.sources)
        except _OffScript as surprise:
            failure = str(surprise)
        except USERS_CODE as error:  # that the port's own code fails here is a finding, not a crash
            failure = raised(error)
        finally:
            self._scene = None
        return LayerRecord(
            path=record.path,
            call=record.call,
            kind=kind,
            is_leaf=is_leaf,
            inputs=record.inputs,
            outputs={slot: scene.keep(tensor) for slot, tensor in outputs.items()},
            parent=record.parent,
            arguments=record.arguments,
            result=result,
            handed=scene.handed,
            pullback=pullback,
            failure=failure or _left_over(scene),
        )

    def _enter(self, scene: _Scene, what: str, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """Tensors for what enters the module's own code, noted as sources of a backward pass."""
        tensors = {slot: self._make(array) for slot, array in arrays.items()}
        if self._backward:
            for number, slot in enumerate(tensors):
                scene.sources[f"{what} {number}"], tensors[slot] = self._backward.source(tensors[slot])
        return tensors

    def _leave(self, scene: _Scene, key: str, tensors: Mapping[str, Any]) -> None:
        """Note what leaves the module's own code as targets of a backward pass."""
        scene.targets += [(tensor, key, number) for number, tensor in enumerate(tensors.values())]

    def _answers_for(self, record: LayerRecord) -> dict[str, deque[LayerRecord]]:
        answers: dict[str, deque[LayerRecord]] = {}
        for call in sorted(self._reference.calls_made_by.get(record.key, ()), key=lambda call: call.call):
            answers.setdefault(call.path, deque()).append(call)
        return answers

    def _answer(self, scene: _Scene, path: str, args: tuple, kwargs: dict) -> Any:
        if not scene.answers.get(path):
            again = "once more than" if path in scene.answers else "unlike"
            raise _OffScript(f"calls {path} {again} the reference")
        call = scene.answers[path].popleft()
        _, tensors = call_arguments(args, kwargs, self._is_tensor)
        for slot, tensor in tensors.items():
            scene.handed[f"{call.key}/{slot}"] = scene.keep(tensor)
        answer = self._enter(scene, f"answer of {call.key}", call.outputs)
        left = dict(tensors)
        if self._write:
            for slot, returned in call.written.items():
                left[slot] = self._write(tensors[slot], answer[returned])
                answer[returned] = tensors[slot]
        self._leave(scene, call.key, left)
        return put_together(call.result, answer)


def _left_over(scene: _Scene) -> str:
    missing = [f"{path} {len(calls)} time{'s' * (len(calls) > 1)}" for path, calls in scene.answers.items() if calls]
    return f"does not call {', '.join(missing)} where the reference does" if missing else ""
