"""Runs one module of a port alone, on what the reference's module was given.

A leaf is simply called. A container is called while stand-ins take the place of its children: they answer with what
the reference's children answered and keep what they are handed. What is then tested is the container's own code (the
concatenation, the shuffle, the residual addition), whatever its children do.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jtmigrate.trace.record import LayerRecord, Trace
from jtmigrate.trace.recorder import call_arguments, raised
from jtmigrate.trace.structure import put_together, take_apart


class _OffScript(Exception):
    """The module under test called a child for which the reference has no answer."""


@dataclass
class _Scene:
    """One replay: whose, which answers are left for each child, and what the children were handed."""

    path: str
    answers: dict[str, deque[LayerRecord]]
    handed: dict[str, Any] = field(default_factory=dict)
    entered: bool = False


class StandIns:
    """Wraps the functions that compute modules; `perform` then runs one of them on its own.

    is_tensor, keep  as for a `Recorder`
    make             turns a recorded array into a tensor of the framework
    """

    def __init__(
        self,
        reference: Trace,
        is_tensor: Callable[[Any], bool],
        keep: Callable[[Any], Any],
        make: Callable[[Any], Any],
    ):
        self._reference = reference
        self._known = {layer.path for layer in reference.layers} | set(reference.uncalled)
        self._is_tensor = is_tensor
        self._keep = keep
        self._make = make
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

    def perform(self, record: LayerRecord, kind: str, is_leaf: bool, run: Callable) -> LayerRecord:
        """Call `run` on the inputs of the reference's `record`; the new record holds handles of what came out."""
        scene = _Scene(record.path, self._answers_for(record))
        self._scene = scene
        result, outputs, failure = None, {}, ""
        try:
            args, kwargs = put_together(record.arguments, record.inputs, self._make)
            result, outputs = take_apart(run(*args, **kwargs), self._is_tensor)
        except _OffScript as surprise:
            failure = str(surprise)
        except Exception as error:  # noqa: BLE001 - the port's own code: that it fails here is a finding, not a crash
            failure = raised(error)
        finally:
            self._scene = None
        return LayerRecord(
            path=record.path,
            call=record.call,
            kind=kind,
            is_leaf=is_leaf,
            inputs=record.inputs,
            outputs={slot: self._keep(tensor) for slot, tensor in outputs.items()},
            parent=record.parent,
            arguments=record.arguments,
            result=result,
            handed=scene.handed,
            failure=failure or _left_over(scene),
        )

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
            scene.handed[f"{call.key}/{slot}"] = self._keep(tensor)
        return put_together(call.result, call.outputs, self._make)


def _left_over(scene: _Scene) -> str:
    missing = [f"{path} {len(calls)} time{'s' * (len(calls) > 1)}" for path, calls in scene.answers.items() if calls]
    return f"does not call {', '.join(missing)} where the reference does" if missing else ""
