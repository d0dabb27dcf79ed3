"""Jittor models, recorded and replayed.

Where torch is needed too, import it first: both bring a oneDNN, and the other order can crash.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from jtmigrate import runtime
from jtmigrate.errors import UserError
from jtmigrate.frameworks.base import Adapter
from jtmigrate.frameworks.framework import DType, Tape, floating_as
from jtmigrate.frameworks.jittor_optimizer import read_optimizer, write_optimizer
from jtmigrate.frameworks.jittor_settings import model_settings
from jtmigrate.frameworks.jittor_variables import (
    attributes,
    distinct,
    fetch,
    frozen_by_eval,
    number,
    persistent_variables,
    second_name,
    trained_by,
    variables_of,
)
from jtmigrate.trace.optimizer import OptimizerState
from jtmigrate.trace.stand_ins import Backward
from jtmigrate.trace.structure import map_leaves

import jittor as jt  # isort: skip  (has been prepared)


class JittorAdapter(Adapter):
    """`jittor.Module`s. Jittor offers no way to read its random generator, so that is left where a run leaves it."""

    name = "jittor"
    computing_method = "execute"

    def total(self, terms: Sequence[jt.Var]) -> jt.Var:
        # One sum: the gradient of a sum of float64 sums is 0 in Jittor once it has run one in float32.
        return jt.concat([term.reshape(-1) for term in terms]).sum()

    def check_model(self, model: Any) -> None:
        if not isinstance(model, jt.Module):
            raise UserError(f"expected a jittor.Module, got {type(model).__name__}")

    def modules(self, model: jt.Module) -> dict[str, jt.Module]:
        return {path: module for path, module in distinct(model.named_modules()) if module is not model}

    def has_children(self, module: jt.Module) -> bool:
        return bool(module.children())

    def computes(self, module: jt.Module) -> bool:
        # ModuleList is the very class Sequential: one that is never called has nothing to compute of its own.
        return type(module).execute is not jt.Module.execute and not isinstance(
            module, jt.nn.Sequential | jt.nn.ParameterList
        )

    def is_tensor(self, value: Any) -> bool:
        return isinstance(value, jt.Var)

    def tensors(self, inputs: Any, dtype: DType) -> Any:
        """As in `Adapter`. Raises UserError for integers that Jittor would compute with as other ones."""
        map_leaves(inputs, _check_integers)
        return super().tensors(inputs, dtype)

    def tensor(self, array: np.ndarray, dtype: DType) -> jt.Var:
        return jt.array(np.ascontiguousarray(floating_as(array, dtype)).reshape(array.shape))

    def keeper(self) -> Callable[[jt.Var], jt.Var]:
        kept: dict[int, jt.Var] = {}

        def keep(var: jt.Var) -> jt.Var:
            if var.var_ptr not in kept:
                kept[var.var_ptr] = second_name(var)
            return kept[var.var_ptr]

        return keep

    def fetch(self, handles: Sequence[jt.Var]) -> Iterator[np.ndarray]:
        return fetch(handles)

    def is_differentiable(self, tensor: jt.Var) -> bool:
        return tensor.dtype.is_float() and not tensor.is_stop_grad()

    def tape(self) -> Tape:
        return _Tape()

    def backward(self, optimizer: jt.optim.Optimizer, model: jt.Module, loss: jt.Var) -> dict[str, jt.Var]:
        optimizer.zero_grad()
        optimizer.backward(_alone(loss))
        gradients = _gradients(optimizer)
        parameters = self.parameters(model)
        return {name: second_name(gradients[id(var)]) for name, var in parameters.items() if id(var) in gradients}

    def give_gradients(
        self, optimizer: jt.optim.Optimizer, model: jt.Module, gradients: Mapping[str, np.ndarray]
    ) -> None:
        parameters = self.parameters(model)
        optimizer.zero_grad()
        optimizer.backward(sum(var.sum() for var in parameters.values()))  # so that it counts a step
        places = _gradients(optimizer)
        for name, var in parameters.items():
            given = gradients.get(name, np.zeros(tuple(var.shape)))
            if id(var) in places:
                places[id(var)].update(jt.array(given.astype(str(var.dtype)).reshape(tuple(var.shape))))

    def read_optimizer(self, optimizer: jt.optim.Optimizer, model: jt.Module) -> OptimizerState:
        return read_optimizer(optimizer, model)

    def write_optimizer(self, optimizer: jt.optim.Optimizer, model: jt.Module, state: OptimizerState) -> None:
        write_optimizer(optimizer, model, state)

    def pullback(self, dtype: DType) -> Backward:
        return _Pullback(lambda array: self.tensor(array, dtype))

    def parameters(self, model: jt.Module) -> dict[str, jt.Var]:
        variables = {id(var): (name, var) for name, var in reversed(persistent_variables(model).items())}
        return {name: var for name, var in reversed(variables.values()) if self.is_differentiable(var)}

    def own_parameters(self, module: jt.Module) -> dict[str, jt.Var]:
        return {name: var for name, var in attributes(module) if self.is_differentiable(var)}

    def variables(self, module: jt.Module) -> dict[str, jt.Var]:
        return {name: second_name(var) for name, var in persistent_variables(module).items()}

    def changed(self, before: Mapping[str, jt.Var], module: jt.Module) -> dict[str, jt.Var]:
        after = persistent_variables(module)
        return {
            name: second_name(after[name])
            for name, content in before.items()
            if name in after and after[name].var_ptr != content.var_ptr
        }

    @contextmanager
    def running(self, model: jt.Module, dtype: DType, *, backward: bool = False) -> Iterator[jt.Module]:
        converts = jt.flags.auto_convert_64_to_32 if dtype == "float32" else 0
        frozen = frozen_by_eval(model) if backward else []
        # As arrays: a Var that is held keeps the graph of everything computed from it, here of step after step.
        before = [(var, var.numpy(), var.requires_grad) for var in variables_of(model)]
        try:
            with jt.flag_scope(no_grad=int(not backward), auto_convert_64_to_32=converts):
                for var in frozen:
                    var.start_grad()
                if dtype == "float64":
                    for var in variables_of(model):
                        if var.dtype.is_float():
                            trained = var.requires_grad
                            var.assign(jt.array(var.numpy().astype(np.float64)))
                            var.requires_grad = trained
                yield model
        finally:
            with jt.flag_scope(auto_convert_64_to_32=0):
                for var, content, requires_grad in before:
                    var.assign(jt.array(content))
                    var.requires_grad = requires_grad
            for var in frozen:
                var.stop_grad()
            runtime.restore_subnormals()

    @contextmanager
    def unchanged(self, module: jt.Module) -> Iterator[None]:
        before = [(var, second_name(var), var.requires_grad) for var in variables_of(module)]
        try:
            yield
        finally:
            for var, content, requires_grad in before:
                if var.var_ptr != content.var_ptr:
                    var.assign(content)
                    var.requires_grad = requires_grad

    def state(self, model: jt.Module) -> dict[str, np.ndarray]:
        variables = persistent_variables(model)
        return dict(zip(variables, self.fetch(list(variables.values())), strict=True))

    def assign(self, model: jt.Module, arrays: Mapping[str, np.ndarray]) -> None:
        variables = persistent_variables(model)
        with jt.flag_scope(auto_convert_64_to_32=0):
            for name, array in arrays.items():
                requires_grad = variables[name].requires_grad
                variables[name].assign(jt.array(array))
                variables[name].requires_grad = requires_grad

    def settings(self, model: jt.Module) -> dict[str, dict[str, Any]]:
        return model_settings(model)

    def versions(self) -> dict[str, str]:
        return {"jittor": jt.__version__}


def _check_integers(name: str, value: Any) -> None:
    """int64 is kept where it is not converted; of unsigned integers Jittor's arithmetic makes signed ones."""
    if not (isinstance(value, np.ndarray) and value.dtype.kind in "iu" and value.size):
        return
    if value.dtype == np.int64 and not jt.flags.auto_convert_64_to_32:
        return
    limits = np.iinfo(np.int32)
    for extreme in map(int, (value.min(), value.max())):
        if not limits.min <= extreme <= limits.max:
            raise UserError(
                f"input{' ' if name else ''}{name} holds {extreme}, which does not fit int32, "
                "the integer that Jittor computes with: give smaller ones"
            )


def _gradients(optimizer: jt.optim.Optimizer) -> dict[int, jt.Var]:
    """Where an optimizer keeps the gradient of each parameter, by the parameter's `id`."""
    return {
        id(var): gradient
        for group in optimizer.param_groups
        for var, gradient in zip(group["params"], group["grads"], strict=True)
    }


def _alone(loss: jt.Var) -> jt.Var:
    """A float64 loss whose gradient, 1, is the result of an operator.

    Jittor gives a lone number that several operators use the kernel of the first one it met, of whatever dtype: after a
    float32 run, the float64 gradient of `x.sum() + y.sum()` is garbage.
    """
    return loss * jt.ones_like(loss) if loss.dtype == "float64" else loss


class _Tape(Tape):
    """`jt.grad` by everything at once, when the loss is known."""

    def __init__(self) -> None:
        self._watched: dict[int, jt.Var] = {}
        self._gradients: dict[int, jt.Var] = {}

    def watch(self, tensor: jt.Var) -> int | None:
        if not tensor.dtype.is_float() or tensor.is_stop_grad():
            return None
        # A Var that passes several modules unchanged is watched once: jt.grad gives a second mention of it zeros.
        return self._watched.setdefault(tensor.var_ptr, second_name(tensor)).var_ptr

    def backward(self, loss: jt.Var, parameters: Mapping[str, jt.Var]) -> dict[str, jt.Var]:
        trained = trained_by(parameters.values()) - {number(loss)}
        watched = {pointer: var for pointer, var in self._watched.items() if number(var) in trained}
        gradients = jt.grad(_alone(loss), [*parameters.values(), *watched.values()])
        self._gradients = dict(zip(watched, gradients[len(parameters) :], strict=True))
        return dict(zip(parameters, gradients[: len(parameters)], strict=True))

    def gradient_of(self, handle: int | None) -> jt.Var | None:
        return self._gradients.get(handle)


class _Pullback(Backward):
    """`jt.grad` through one call."""

    def __init__(self, make: Callable[[np.ndarray], jt.Var]):
        self._make = make

    def source(self, tensor: jt.Var) -> tuple[jt.Var, jt.Var]:
        return second_name(tensor), tensor

    def pull_back(
        self,
        targets: Sequence[tuple[jt.Var, Callable[[tuple[int, ...]], np.ndarray]]],
        sources: Mapping[str, jt.Var],
    ) -> dict[str, jt.Var]:
        targets = [(var, weigh) for var, weigh in targets if var.dtype.is_float() and not var.is_stop_grad()]
        sources = {name: var for name, var in sources.items() if var.dtype.is_float() and not var.is_stop_grad()}
        if not (targets and sources):
            return {}
        total = sum((var * self._make(weigh(tuple(var.shape)))).sum() for var, weigh in targets)
        return dict(zip(sources, jt.grad(_alone(total), list(sources.values())), strict=True))
