"""Training steps of one model, recorded: on its own, or led by the steps of another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from jtmigrate.errors import telling
from jtmigrate.frameworks.base import Adapter, Call, Loss, plain_call
from jtmigrate.frameworks.framework import DType, Model
from jtmigrate.trace.optimizer import slots_of
from jtmigrate.trace.steps import StepRecord, TrainingState
from jtmigrate.trace.store import ArrayStore, stored
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
    store: ArrayStore | None = None,
) -> tuple[StepRecord, ...]:
    """One step a batch; the model is left as it was.

    teacher  steps of the other framework, as many as there are batches: before each, its parameters, buffers and
             optimizer state are loaded, but not the options, which are the optimizer's own
    led      "gradients": the batch is not run; the step is taken with the teacher's gradients
    store    keep parameters and moments there and not in memory
    """
    with adapter.running(model, dtype, backward=True) as live:
        optimizer = training.build_optimizer(live)
        schedule = training.schedule(optimizer) if training.schedule else None
        steps = []
        for number, batch in enumerate(batches):
            leader = teacher[number] if teacher else None
            if leader:
                before = _follow(adapter, live, optimizer, leader.before)
            else:
                before = steps[-1].after if steps else _state(adapter, live, optimizer, store)
            losses: dict[str, Any] = {}
            if leader and led == "gradients":
                gradients = leader.gradients
                adapter.give_gradients(optimizer, live, gradients)
            else:
                inputs = adapter.tensors(batch, dtype)
                with telling(f"{adapter.name}: in a training step in {dtype}, the model"):
                    output = call(live, inputs)
                total = loss(live, output) if loss else adapter.probe(output, dtype)
                keep, (_, tensors) = adapter.keeper(), take_apart(output, adapter.is_tensor)
                scalars = {slot: keep(tensor) for slot, tensor in tensors.items() if _is_scalar(tensor)}
                gradients = adapter.fetch_all(adapter.backward(optimizer, live, total))
                losses = adapter.fetch_all(scalars)
            norm = training.clip(optimizer) if training.clip else None
            optimizer.step()
            if schedule is not None:
                schedule.step()
            clip_norm = None if norm is None else float(norm)
            after = _state(adapter, live, optimizer, store)
            steps.append(StepRecord(number, before, losses, stored(store, gradients), clip_norm, after))
    return tuple(steps)


def _follow(adapter: Adapter, model: Model, optimizer: Optimizer, leader: TrainingState) -> TrainingState:
    """Take over the leader's parameters, buffers and moments; the optimizer's kind and options stay its own.

    Another kind of optimizer, or one with amsgrad or momentum where the leader has none, keeps other moments. Its own
    then stay: that it is another is the finding.
    """
    adapter.load_state(model, leader.model)
    own = adapter.read_optimizer(optimizer, model)
    wanted = {name: set(slots_of(own.kind, group.options)) for group in own.groups for name in group.names}
    slots = {name: slots for name, slots in leader.optimizer.slots.items() if name in wanted}
    alike = own.kind == leader.optimizer.kind and all(set(kept) == wanted[name] for name, kept in slots.items())
    led = replace(own, slots=slots) if alike else own
    if alike and (own.slots or slots):
        adapter.write_optimizer(optimizer, model, led)
    return TrainingState(leader.model, led)


def _state(adapter: Adapter, model: Model, optimizer: Optimizer, store: ArrayStore | None) -> TrainingState:
    state = adapter.read_optimizer(optimizer, model)
    slots = {name: stored(store, arrays) for name, arrays in state.slots.items()}
    return TrainingState(stored(store, adapter.state(model)), replace(state, slots=slots))


def _is_scalar(tensor: Any) -> bool:
    return int(np.prod(tuple(tensor.shape))) == 1
