"""Training steps of one model, recorded: on its own, or led by the steps of another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from jtmigrate.frameworks.base import Adapter, Call, DType, Loss, Model, plain_call
from jtmigrate.trace.optimizer import OptimizerState
from jtmigrate.trace.steps import StepRecord, TrainingState
from jtmigrate.trace.structure import take_apart

Optimizer = Any
Led = Literal["state", "gradients"]
"""What is taken from the teacher before every step: where it stood, or its gradients as well."""


@dataclass(frozen=True)
class Training:
    """How a framework trains a model, apart from the forward pass and the loss.

    build_optimizer  called with the model
    clip             called with the optimizer between backward pass and step; returns the norm of all gradients
    schedule         called with the optimizer; its `step()` is called after every step of the optimizer
    """

    build_optimizer: Callable[[Model], Optimizer]
    clip: Callable[[Optimizer], Any] | None = None
    schedule: Callable[[Optimizer], Any] | None = None


def train(
    adapter: Adapter,
    model: Model,
    training: Training,
    batches: Sequence[Any],
    *,
    dtype: DType = "float32",
    call: Call = plain_call,
    loss: Loss | None = None,
    teacher: Sequence[StepRecord] | None = None,
    led: Led = "state",
) -> tuple[StepRecord, ...]:
    """One step a batch; the model is left as it was.

    teacher  steps of the other framework, as many as there are batches: before each, its parameters, buffers and
             optimizer state are loaded, but not the options, which are the optimizer's own
    led      "gradients": the batch is not run; the step is taken with the teacher's gradients
    """
    with adapter.running(model, dtype, backward=True) as live:
        optimizer = training.build_optimizer(live)
        schedule = training.schedule(optimizer) if training.schedule else None
        steps = []
        for number, batch in enumerate(batches):
            leader = teacher[number] if teacher else None
            if leader:
                _follow(adapter, live, optimizer, leader.before)
            before = _state(adapter, live, optimizer)
            losses: dict[str, Any] = {}
            if leader and led == "gradients":
                total = _linear(adapter, live, leader.gradients, dtype)
            else:
                output = call(live, adapter.tensors(batch, dtype))
                total = loss(live, output) if loss else adapter.probe(output, dtype)
                losses = {
                    slot: each for slot, each in take_apart(output, adapter.is_tensor)[1].items() if _is_scalar(each)
                }
            gradients = adapter.backward(optimizer, live, total)
            gradients, losses = adapter.fetch_all(gradients), adapter.fetch_all(losses)
            norm = training.clip(optimizer) if training.clip else None
            optimizer.step()
            if schedule is not None:
                schedule.step()
            clip_norm = None if norm is None else float(norm)
            steps.append(StepRecord(number, before, losses, gradients, clip_norm, _state(adapter, live, optimizer)))
    return tuple(steps)


def _follow(adapter: Adapter, model: Model, optimizer: Optimizer, leader: TrainingState) -> None:
    adapter.load_state(model, leader.model)
    own = adapter.read_optimizer(optimizer, model)
    if set(own.slots) | set(leader.optimizer.slots):
        adapter.write_optimizer(optimizer, model, _with_slots(own, leader.optimizer))


def _with_slots(own: OptimizerState, leader: OptimizerState) -> OptimizerState:
    """The optimizer's own kind and options with the leader's moments; those that it does not keep are left out."""
    names = {name for group in own.groups for name in group.names}
    return replace(own, slots={name: slots for name, slots in leader.slots.items() if name in names})


def _state(adapter: Adapter, model: Model, optimizer: Optimizer) -> TrainingState:
    return TrainingState(adapter.state(model), adapter.read_optimizer(optimizer, model))


def _linear(adapter: Adapter, model: Model, gradients: Mapping[str, np.ndarray], dtype: DType) -> Any:
    """A loss whose gradients are exactly these."""
    terms = [
        (parameter * adapter.tensor(gradients[name].reshape(tuple(parameter.shape)), dtype)).sum()
        for name, parameter in adapter.parameters(model).items()
        if name in gradients
    ]
    return sum(terms[1:], terms[0])


def _is_scalar(tensor: Any) -> bool:
    return int(np.prod(tuple(tensor.shape))) == 1
