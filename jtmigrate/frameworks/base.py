"""`Adapter`: how a framework's models are recorded and replayed.

Both are written once, here; a framework says how to find and run its modules and how to get arrays out of them.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from typing import Any, Literal

import numpy as np

from jtmigrate.errors import UserError
from jtmigrate.naming.fit import fit
from jtmigrate.trace.record import ROOT, LayerRecord, Trace
from jtmigrate.trace.recorder import Recorder, fetched
from jtmigrate.trace.stand_ins import StandIns
from jtmigrate.trace.structure import map_leaves

DType = Literal["float32", "float64"]
Model = Any
Module = Any
Tensor = Any
Call = Callable[[Model, Any], Any]
"""Runs a model on inputs; the default is `plain_call`."""

REPLAYS_PER_FETCH = 32
"""Isolated layers computed between two fetches: enough to make a fetch cheap, few enough to bound memory."""

_MISSING = object()


def plain_call(model: Model, inputs: Any) -> Any:
    """Call a model on a dict of keyword inputs, a tuple of positional ones, or a single one."""
    if isinstance(inputs, Mapping):
        return model(**inputs)
    return model(*inputs) if isinstance(inputs, tuple | list) else model(inputs)


class Adapter(ABC):
    """One framework. Models are run as they stand: no switch to evaluation mode, no gradient."""

    name: str
    computing_method: str
    """Name of the method of a module that computes it: `forward` or `execute`."""

    def record(self, model: Model, inputs: Any, *, dtype: DType = "float32", call: Call = plain_call) -> Trace:
        """Run a model once and return what every module was given and returned.

        inputs  an array, or a tuple or dict of arrays; floating ones are cast to `dtype`
        dtype   the precision of the run; "float64" starts from the model's own float32 parameters
        call    what a run is, where it is not simply `model(inputs)`

        The model is left as it was: buffers too, where the run changes them.
        """
        started = time.perf_counter()
        self.check_model(model)
        state = self.state(model)
        with self.running(model, dtype) as live:
            modules = self.modules(live)
            recorder = Recorder(self.name, self.is_tensor, self.keeper())

            def watch(path: str, module: Module, compute: Callable) -> Callable:
                return recorder.wrap(path, type(module).__name__, not self.has_children(module), compute)

            run = watch(ROOT, live, lambda tensors: call(live, tensors))
            with _replaced(modules, self.computing_method, watch):
                run(self.tensors(inputs, dtype))
            layers = recorder.fetched(self.fetch)
            uncalled = recorder.uncalled(path for path, module in modules.items() if self.computes(module))
        return Trace(self.name, dtype, layers, state, uncalled, self._meta(started))

    def replay(self, model: Model, reference: Trace, *, dtype: DType = "float32", call: Call = plain_call) -> Trace:
        """Run every module of a model on its own, on what the same module of `reference` was given.

        See `jtmigrate.trace.stand_ins`. The trace has the reference's order and only the modules that both have;
        each starts from the model's state as it stands, whatever the ones before it did.
        """
        started = time.perf_counter()
        self.check_model(model)
        state = self.state(model)
        with self.running(model, dtype) as live:
            modules = self.modules(live)
            stand_ins = StandIns(reference, self.is_tensor, self.keeper(), lambda array: self.tensor(array, dtype))

            def perform(record: LayerRecord) -> LayerRecord:
                module = live if record.path == ROOT else modules[record.path]
                run = (lambda tensors: call(live, tensors)) if record.path == ROOT else module
                with self.unchanged(module):
                    return stand_ins.perform(record, type(module).__name__, not self.has_children(module), run)

            def guard(path: str, _: Module, compute: Callable) -> Callable:
                return stand_ins.wrap(path, compute)

            wanted = [record for record in reference.layers if record.path == ROOT or record.path in modules]
            layers: list[LayerRecord] = []
            with _replaced(modules, self.computing_method, guard):
                for some in _chunks(wanted, REPLAYS_PER_FETCH):
                    layers += fetched([perform(record) for record in some], ("outputs", "handed"), self.fetch)
        return Trace(self.name, dtype, tuple(layers), state, meta=self._meta(started))

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

    @abstractmethod
    def check_model(self, model: Any) -> None:
        """Raise UserError unless this is a model of the framework."""

    @abstractmethod
    def modules(self, model: Model) -> dict[str, Module]:
        """All modules below the model itself by path; one that has several paths under its first."""

    @abstractmethod
    def has_children(self, module: Module) -> bool:
        """Whether the module holds other modules."""

    @abstractmethod
    def computes(self, module: Module) -> bool:
        """Whether the module is meant to be called, and not a mere list of others."""

    @abstractmethod
    def is_tensor(self, value: Any) -> bool:
        """Whether this is a tensor of the framework."""

    @abstractmethod
    def tensor(self, array: np.ndarray, dtype: DType) -> Tensor:
        """A tensor of its own with the array's values, in `dtype` if they are floating point numbers."""

    @abstractmethod
    def keeper(self) -> Callable[[Tensor], Any]:
        """A function for one run that makes a handle on what a tensor holds now, without disturbing the run."""

    @abstractmethod
    def fetch(self, handles: Sequence[Any]) -> list[np.ndarray]:
        """The arrays behind handles that `keeper` made."""

    @abstractmethod
    def running(self, model: Model, dtype: DType) -> AbstractContextManager[Model]:
        """A context with the model to run, in `dtype` and without gradients; afterwards `model` is as it was."""

    @abstractmethod
    def unchanged(self, module: Module) -> AbstractContextManager[None]:
        """A context that undoes what is done to the parameters and buffers of a module."""

    @abstractmethod
    def state(self, model: Model) -> dict[str, np.ndarray]:
        """Copies of parameters and persistent buffers by name, shared ones under each of their names."""

    @abstractmethod
    def assign(self, model: Model, arrays: Mapping[str, np.ndarray]) -> None:
        """Set parameters and buffers that exist, of the right shape and dtype."""

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """Names and versions for a report."""

    def _meta(self, started: float) -> dict[str, Any]:
        return {"versions": self.versions(), "seconds": time.perf_counter() - started}


def floating_as(array: np.ndarray, dtype: DType) -> np.ndarray:
    """The array itself, or in `dtype` if its numbers are floating point ones."""
    return array.astype(dtype, copy=False) if np.issubdtype(array.dtype, np.floating) else array


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
