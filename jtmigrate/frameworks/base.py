"""`Adapter`: how a framework's models are recorded and replayed.

Both are written once, here; what they have to know of a framework is in framework.py.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from types import MappingProxyType
from typing import Any

import numpy as np

from jtmigrate.errors import UserError
from jtmigrate.frameworks.framework import DType, Framework, Model, Module, Tensor
from jtmigrate.naming.fit import fit
from jtmigrate.trace.cotangents import cotangent
from jtmigrate.trace.record import ROOT, LayerRecord, Trace
from jtmigrate.trace.recorder import Recorder, fetched
from jtmigrate.trace.sources import source_line
from jtmigrate.trace.stages import stages_watched
from jtmigrate.trace.stand_ins import StandIns
from jtmigrate.trace.store import ArrayStore
from jtmigrate.trace.structure import map_leaves, take_apart

Call = Callable[[Model, Any], Any]
"""Runs a model on inputs; the default is `plain_call`."""
Loss = Callable[[Model, Any], Tensor]
"""(model, what the run returned) -> the scalar that a backward pass starts from."""

REPLAYS_PER_FETCH = 16
"""Isolated layers computed between two fetches: enough to make a fetch cheap, few enough to bound memory."""
REPLAYED = ("outputs", "handed", "pullback", "buffers")
"""What a replayed record holds besides what it was given."""
NO_NAMES: Mapping[str, str] = MappingProxyType({})
STAGE = "function"
"""Kind of a recorded stage."""

_FLOAT64_FAILED = " (in the float64 run: use --dtype float32, or cast to the parameters' dtype)"
_MISSING = object()


def plain_call(model: Model, inputs: Any) -> Any:
    """Call a model on a dict of keyword inputs, a tuple of positional ones, or a single one."""
    if isinstance(inputs, Mapping):
        return model(**inputs)
    return model(*inputs) if isinstance(inputs, tuple | list) else model(inputs)


class Adapter(Framework):
    """Records and replays models as they stand: no switch to evaluation mode."""

    def record(
        self,
        model: Model,
        inputs: Any,
        *,
        dtype: DType = "float32",
        call: Call = plain_call,
        backward: bool = False,
        loss: Loss | None = None,
        store: ArrayStore | None = None,
    ) -> Trace:
        """Run a model once and return what every module and stage was given and returned.

        inputs    an array, or a tuple or dict of arrays; floating ones are cast to `dtype`
        dtype     the precision of the run; "float64" starts from the model's own float32 parameters
        call      what a run is, where it is not simply `model(inputs)`
        backward  record gradients too
        loss      what they are of; by default the outputs' sum, weighted by fixed random numbers
        store     keep the arrays of the layers there and not in memory

        The model is left as it was: buffers too, where the run changes them.
        """
        started = time.perf_counter()
        self.check_model(model)
        state = self.state(model)
        with self.running(model, dtype, backward=backward) as live:
            modules = self.modules(live)
            tape = self.tape() if backward else None
            remedy = _FLOAT64_FAILED if dtype == "float64" else ""
            recorder = Recorder(self.name, self.is_tensor, self.keeper(), tape and tape.watch, remedy)
            sources = self.sources(live)

            def watch(path: str, module: Module, compute: Callable) -> Callable:
                return recorder.wrap(path, type(module).__name__, not self.has_children(module), compute)

            def watch_stage(name: str, function: Callable) -> Callable:
                sources[name] = source_line(function)
                return recorder.wrap(name, STAGE, True, function)

            run = watch(ROOT, live, lambda tensors: call(live, tensors))
            before = self.variables(live)
            with _replaced(modules, self.computing_method, watch), stages_watched(watch_stage):
                output = run(self.tensors(inputs, dtype))
            gradients = {}
            if tape:
                total = loss(live, output) if loss else self.probe(output, dtype)
                gradients = tape.backward(total, self.parameters(live))
                recorder.take_gradients(tape.gradient_of)
            layers = recorder.fetched(self.fetch, gradients.values(), store)
            gradients, buffers = self.fetch_all(gradients), self.fetch_all(self.changed(before, live))
            uncalled = recorder.uncalled(path for path, module in modules.items() if self.computes(module))
            settings = self.settings(live)
        return Trace(
            framework=self.name,
            dtype=dtype,
            layers=layers,
            state=state,
            uncalled=uncalled,
            meta=self._meta(started),
            buffers=buffers,
            gradients=gradients,
            settings=settings,
            sources=sources,
        )

    def replay(
        self,
        model: Model,
        reference: Trace,
        *,
        dtype: DType = "float32",
        call: Call = plain_call,
        backward: bool = False,
        groups: Sequence[str] = REPLAYED,
        names: Mapping[str, str] = NO_NAMES,
        store: ArrayStore | None = None,
    ) -> Trace:
        """Run every module and stage of a model on its own, on what the same one of `reference` was given.

        See `jtmigrate.trace.stand_ins`. The trace has the reference's order and only what both have; each starts from
        the model's state as it stands, whatever the ones before it did.

        groups  which arrays of a record to keep
        names   path in this model -> path in the reference, where they differ; the trace has the reference's
        """
        started = time.perf_counter()
        self.check_model(model)
        options = {"dtype": dtype, "call": call, "backward": backward, "groups": groups, "names": names, "store": store}
        layers = list(self.replays(model, reference, **options))
        return Trace(
            framework=self.name,
            dtype=dtype,
            layers=tuple(reversed(layers)),
            state=self.state(model),
            meta=self._meta(started),
            settings=self.settings(model),
            sources=self.sources(model),
        )

    def replays(
        self,
        model: Model,
        reference: Trace,
        *,
        dtype: DType = "float32",
        call: Call = plain_call,
        backward: bool = False,
        groups: Sequence[str] = REPLAYED,
        names: Mapping[str, str] = NO_NAMES,
        store: ArrayStore | None = None,
    ) -> Iterator[LayerRecord]:
        """The layers of `replay` one by one, the last first: a stage's function is met when its caller, which finished
        later, is performed."""
        with self.running(model, dtype, backward=backward) as live:
            modules = {names.get(path, path): module for path, module in self.modules(live).items()}
            stand_ins = StandIns(
                reference,
                self.is_tensor,
                self.keeper,
                lambda array: self.tensor(array, dtype),
                self.pullback(dtype) if backward else None,
                self.write,
            )

            def perform(record: LayerRecord) -> LayerRecord | None:
                module = live if record.path == ROOT else modules.get(record.path)
                if module is None:
                    function = stand_ins.stage(record.path)
                    return function and stand_ins.perform(record, STAGE, True, function)
                run = (lambda tensors: call(live, tensors)) if record.path == ROOT else module
                parameters = self.own_parameters(module) if backward else {}
                with self.unchanged(module):
                    before = self.variables(module)
                    is_leaf = not self.has_children(module)
                    done = stand_ins.perform(record, type(module).__name__, is_leaf, run, parameters)
                    return replace(done, buffers=self.changed(before, module))

            def guard(path: str, _: Module, compute: Callable) -> Callable:
                return stand_ins.wrap(path, compute)

            dropped = {group: {} for group in REPLAYED if group not in groups}
            with _replaced(modules, self.computing_method, guard), stages_watched(stand_ins.watch):
                for some in _chunks(reversed(reference.layers), REPLAYS_PER_FETCH):
                    done = [replace(record, **dropped) for record in map(perform, some) if record is not None]
                    yield from fetched(done, groups, self.fetch, store)

    def sources(self, model: Model) -> dict[str, str]:
        """Where the code stands that computes every module, "file:line" by path; "" for what is not Python."""
        modules = {ROOT: model, **self.modules(model)}
        return {path: source_line(getattr(type(one), self.computing_method)) for path, one in modules.items()}

    def load_state(self, model: Model, arrays: Mapping[str, np.ndarray]) -> None:
        """Set every parameter and buffer of a model from `arrays`, rounded to the model's own dtype.

        Raises UserError, with nothing changed, unless names and shapes are the model's; only the batch counters that
        Jittor does not have may be missing or left over. `jtmigrate.load` is for files: it refuses to round too.
        """
        own = self.state(model)
        found = fit({name: np.asarray(a, own[name].dtype) if name in own else a for name, a in arrays.items()}, own)
        if not found.check:
            raise UserError(f"parameters do not fit the {self.name} model: {found.check.summary()}")
        self.assign(model, found.values)

    def tensors(self, inputs: Any, dtype: DType) -> Any:
        """Inputs with every array, however deep, as a tensor of the framework."""

        def convert(_: str, member: Any) -> Any:
            return self.tensor(member, dtype) if isinstance(member, np.ndarray) else member

        return map_leaves(inputs, convert)

    def fetch_all(self, handles: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """The arrays behind named handles."""
        return dict(zip(handles, self.fetch(list(handles.values())), strict=True))

    def probe(self, output: Any, dtype: DType) -> Tensor:
        """A scalar that every element of an output matters to, about as much as any other."""
        _, tensors = take_apart(output, self.is_tensor)
        terms = []
        for number, tensor in enumerate(tensors.values()):  # of all: what has a gradient differs between frameworks
            if self.is_differentiable(tensor):
                weight = cotangent(ROOT, number, tuple(tensor.shape)) / max(1, np.prod(tensor.shape)) ** 0.5
                terms.append(tensor * self.tensor(weight, dtype))
        if not terms:
            raise UserError(f"the {self.name} model returns nothing that has a gradient: give a loss")
        return self.total(terms)

    def _meta(self, started: float) -> dict[str, Any]:
        return {"versions": self.versions(), "seconds": time.perf_counter() - started}


@contextmanager
def _replaced(
    modules: Mapping[str, Module], method: str, wrap: Callable[[str, Module, Callable], Callable]
) -> Iterator[None]:
    """Every module's computing method replaced by `wrap(path, module, method)`, on the instance only."""
    before = {path: vars(module).get(method, _MISSING) for path, module in modules.items()}
    try:
        for path, module in modules.items():
            vars(module)[method] = wrap(path, module, getattr(module, method))
        yield
    finally:
        for path, module in modules.items():
            if before[path] is _MISSING:
                vars(module).pop(method, None)
            else:
                vars(module)[method] = before[path]


def _chunks(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk
