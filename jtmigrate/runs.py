"""The runs that a comparison needs: the reference's, then the candidate's.

Frameworks are imported here, each when its turn comes: the reference is done before Jittor is loaded, whose kernels
switch the process to flush-to-zero.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from jtmigrate import runtime
from jtmigrate.compare.floor import noise_floor
from jtmigrate.compare.matching import Matching, match
from jtmigrate.compare.renaming import renamed, renamed_replay
from jtmigrate.errors import UserError
from jtmigrate.frameworks.base import NO_NAMES, Adapter, Call, plain_call
from jtmigrate.plan import ModelPair, Plan
from jtmigrate.trace.record import Trace
from jtmigrate.trace.steps import StepRecord
from jtmigrate.trace.store import ArrayStore

Progress = Callable[[str], None]
"""Is told the name of every stage as it begins."""
Steps = Mapping[str, Sequence[StepRecord]]
"""Training steps by their names in `jtmigrate.compare.steps.StepRuns`."""
NO_STEPS: Steps = MappingProxyType({})


class ReferenceRuns(NamedTuple):
    """What the reference leaves behind; None where the plan does not ask for it. Names as in `Runs`."""

    trace32: Trace | None = None
    trace64: Trace | None = None
    alone: Trace | None = None
    alone_floors: Mapping[str, Mapping[str, float]] = MappingProxyType({})
    steps: Steps = NO_STEPS

    @property
    def trace(self) -> Trace:
        return self.trace32 or self.trace64


class CandidateRuns(NamedTuple):
    """What the candidate leaves behind, under the reference's names; None where the plan does not ask for it.

    matching  which of its modules and parameters is which of the reference's
    """

    trace32: Trace | None = None
    trace64: Trace | None = None
    isolated: Trace | None = None
    steps: Steps = NO_STEPS
    matching: Matching = Matching((), (), NO_NAMES)

    @property
    def trace(self) -> Trace:
        return self.trace32 or self.trace64 or self.isolated


@dataclass
class Clock:
    """Announces stages and times them."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.progress(name)
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started


def run_reference(pair: ModelPair, plan: Plan, clock: Clock, store: ArrayStore) -> ReferenceRuns:
    """Build the torch model and run it as often as the plan needs."""
    with clock.stage("import torch, build the model"):
        from jtmigrate.frameworks.torch_adapter import TorchAdapter

        adapter, model = TorchAdapter(), pair.build_torch()
    runtime.restore_subnormals()
    call = pair.call_torch or plain_call
    options = {"call": call, "backward": plan.backward, "store": store}
    trace32 = trace64 = alone = None
    floors: Mapping[str, Mapping[str, float]] = {}
    if plan.float32:
        with clock.stage("torch float32"):
            trace32 = adapter.record(model, pair.inputs, loss=pair.loss_torch, **options)
    if plan.float64:
        with clock.stage("torch float64"):
            trace64 = adapter.record(model, pair.inputs, dtype="float64", loss=pair.loss_torch, **options)
    if plan.backward and plan.isolated:
        with clock.stage("torch layer by layer"):
            alone = adapter.replay(model, trace32, groups=("pullback",), **options)
        if plan.float64:
            with clock.stage("torch layer by layer, float64"):
                floors = _floors(adapter, model, trace32, alone, call)
    steps = {}
    if plan.steps:
        steps = _reference_steps(adapter, model, pair, plan, clock, store)
    return ReferenceRuns(trace32, trace64, alone, floors, steps)


def run_candidate(
    pair: ModelPair, plan: Plan, clock: Clock, store: ArrayStore, reference: ReferenceRuns
) -> CandidateRuns:
    """Build the Jittor model and run it as often as the plan needs."""
    with clock.stage("import jittor, build the model"):
        from jtmigrate.frameworks.jittor_adapter import JittorAdapter

        adapter, model = JittorAdapter(), pair.build_jittor()
        adapter.check_model(model)
        if plan.copy_weights:
            adapter.load_state(model, reference.trace.state)
    call = pair.call_jittor or plain_call
    options = {"call": call, "backward": plan.backward, "store": store}
    trace32 = trace64 = isolated = None
    if plan.propagated:
        with clock.stage("jittor float32"), _naming_dtypes(adapter.state(model)):
            trace32 = adapter.record(model, pair.inputs, loss=pair.loss_jittor, **options)
    if plan.float64:
        with clock.stage("jittor float64"):
            trace64 = adapter.record(model, pair.inputs, dtype="float64", loss=pair.loss_jittor, **options)
    whole = trace32 or trace64
    matching = match(reference.trace, whole, pair.names) if whole and reference.trace else Matching((), (), NO_NAMES)
    if plan.isolated and reference.trace:
        with clock.stage("jittor layer by layer"):
            isolated = adapter.replay(model, reference.trace, names=matching.names or pair.names, **options)
    steps = {}
    if plan.steps:
        steps = _candidate_steps(adapter, model, pair, plan, clock, store, reference.steps)
    return CandidateRuns(
        trace32 and renamed(trace32, matching),
        trace64 and renamed(trace64, matching),
        isolated and renamed_replay(isolated, matching),
        steps,
        matching,
    )


@contextmanager
def _naming_dtypes(state: Mapping[str, np.ndarray]) -> Iterator[None]:
    """Name parameters that are not float32 where a run in float32 fails.

    Jittor computes after the module has returned, and then says which operator failed, not whose it is.
    """
    try:
        yield
    except UserError:
        raise
    except RuntimeError as error:
        others = [name for name, array in state.items() if array.dtype.kind == "f" and array.dtype != np.float32]
        if not others:
            raise
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise UserError(
            f"jittor: the model fails in float32: {others[0]} is {state[others[0]].dtype}{more}; make all of it float32"
        ) from error


def _floors(adapter: Adapter, model: Any, reference: Trace, alone: Trace, call: Call) -> dict[str, dict[str, float]]:
    """How far rounding takes every gradient of a layer alone, without keeping the exact ones."""
    return {
        record.key: {
            name: noise_floor(alone.by_key[record.key].pullback[name], exact)
            for name, exact in record.pullback.items()
            if name in alone.by_key[record.key].pullback
        }
        for record in adapter.replays(model, reference, dtype="float64", call=call, backward=True, groups=("pullback",))
    }


def _batches(pair: ModelPair, plan: Plan) -> list[Any]:
    """As many batches as steps; those given come round again."""
    given = pair.batches or [pair.inputs]
    return [given[number % len(given)] for number in range(plan.steps)]


def _reference_steps(
    adapter: Adapter, model: Any, pair: ModelPair, plan: Plan, clock: Clock, store: ArrayStore
) -> Steps:
    from jtmigrate.frameworks.training import train

    batches = _batches(pair, plan)
    options = {"call": pair.call_torch or plain_call, "loss": pair.loss_torch, "store": store}
    with clock.stage("torch training"):
        own32 = train(adapter, model, pair.training_torch, batches, **options)
        own64 = train(adapter, model, pair.training_torch, batches, dtype="float64", **options)
        given = {"teacher": own32, "led": "gradients"}
        exact = train(adapter, model, pair.training_torch, batches, dtype="float64", **given, **options)
    return {"reference32": own32, "reference64": own64, "exact": exact}


def _candidate_steps(
    adapter: Adapter, model: Any, pair: ModelPair, plan: Plan, clock: Clock, store: ArrayStore, reference: Steps
) -> Steps:
    from jtmigrate.frameworks.training import train

    batches = _batches(pair, plan)
    options = {"call": pair.call_jittor or plain_call, "loss": pair.loss_jittor, "store": store}
    single = {"teacher": reference["reference32"]}
    double = {"teacher": reference["reference64"], "dtype": "float64"}
    runs = {
        "led32": single,
        "led64": double,
        "given32": {**single, "led": "gradients"},
        "given64": {**double, "led": "gradients"},
        "free32": {},
    }
    with clock.stage("jittor training"):
        return {
            name: train(adapter, model, pair.training_jittor, batches, **how, **options) for name, how in runs.items()
        }
