"""`diff`: the whole pipeline, from two models to a `DiffResult`.

Imports no framework before a model is asked for.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from jtmigrate import runtime
from jtmigrate.compare.compare import compare
from jtmigrate.compare.pairing import Exceptions
from jtmigrate.compare.result import DEFAULT_TOLERANCES, DiffResult, Tolerances
from jtmigrate.errors import UserError
from jtmigrate.facts import Clock, Progress, describe_inputs, named_inputs, versions_of
from jtmigrate.frameworks.base import Call, plain_call
from jtmigrate.trace.record import Trace

Mode = Literal["isolated", "propagated", "both"]
Precision = Literal["float32", "float64", "both"]


@dataclass(frozen=True)
class ModelPair:
    """Two models to compare, and on what. Builders instead of models: see `diff_pair`.

    inputs                    what both are called with: an array, a tuple of arrays, or a dict of arrays by keyword
    call_torch, call_jittor   functions (model, inputs) -> output, where a run is not simply `model(inputs)`
    exceptions                (path, reason) of the layers that may stay uncompared
    """

    build_torch: Callable[[], Any]
    build_jittor: Callable[[], Any]
    inputs: Any
    call_torch: Call | None = None
    call_jittor: Call | None = None
    exceptions: Exceptions = ()
    title: str = ""


@dataclass(frozen=True)
class Plan:
    """What to run and how to judge it.

    mode             "isolated": every layer alone; "propagated": the whole model; "both"
    precision        "float32"; "float64", which only whole runs have; "both": float64 arbitrates
    allow_nonfinite  NaN or infinity at the same places on both sides does not fail the run
    copy_weights     load the torch model's parameters and buffers into the Jittor model first, strictly by name
    """

    mode: Mode = "both"
    precision: Precision = "both"
    tolerances: Tolerances = DEFAULT_TOLERANCES
    allow_nonfinite: bool = False
    copy_weights: bool = False

    def __post_init__(self) -> None:
        if self.mode == "isolated" and self.precision == "float64":
            raise UserError("layers run alone in float32 only: with float64, take mode propagated or both")

    @property
    def float32(self) -> bool:
        """Whether float32 is run at all."""
        return self.precision != "float64"

    @property
    def float64(self) -> bool:
        """Whether float64 is run: as arbiter, also where every layer runs alone."""
        return self.precision != "float32"

    @property
    def propagated(self) -> bool:
        """Whether the candidate's whole model is run in float32."""
        return self.float32 and self.mode != "isolated"

    @property
    def isolated(self) -> bool:
        """Whether the candidate's layers are run one by one."""
        return self.float32 and self.mode != "propagated"


DEFAULT_PLAN = Plan()


def diff(
    torch_model: Any,
    jittor_model: Any,
    inputs: Any,
    *,
    call_torch: Call | None = None,
    call_jittor: Call | None = None,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
    exceptions: Exceptions = (),
    allow_nonfinite: bool = False,
    copy_weights: bool = False,
) -> DiffResult:
    """Compare two live models layer by layer; the result is true in a boolean context if they are aligned.

    The arguments are those of `ModelPair` and `Plan`. Models run as they stand: call `eval()` on both, or train on
    both. Apart from `copy_weights`, neither is changed.
    """
    pair = ModelPair(
        build_torch=lambda: torch_model,
        build_jittor=lambda: jittor_model,
        inputs=inputs,
        call_torch=call_torch,
        call_jittor=call_jittor,
        exceptions=exceptions,
    )
    return diff_pair(pair, Plan(tolerances=tolerances, allow_nonfinite=allow_nonfinite, copy_weights=copy_weights))


def diff_pair(
    pair: ModelPair,
    plan: Plan = DEFAULT_PLAN,
    *,
    exceptions: Exceptions = (),
    progress: Progress = lambda stage: None,
    meta: Mapping[str, Any] | None = None,
) -> DiffResult:
    """Compare two models that are only built when their turn comes.

    `exceptions` and `meta` are added to those of the pair and of the result.

    The Jittor model is built, and Jittor imported, after the reference has run: loading a Jittor kernel switches the
    process to flush-to-zero.
    """
    runtime.prepare()
    if not any(isinstance(array, np.ndarray) for _, array in named_inputs(pair.inputs)):
        raise UserError("there is no array among the inputs")
    clock = Clock(progress)
    reference32, reference64 = _run_reference(pair, plan, clock)
    candidate32, candidate64, isolated = _run_candidate(pair, plan, clock, reference32 or reference64)
    with clock.stage("compare"):
        result = compare(
            reference32,
            reference64,
            candidate32,
            candidate64,
            isolated,
            tolerances=plan.tolerances,
            exceptions=(*pair.exceptions, *exceptions),
            allow_nonfinite=plan.allow_nonfinite,
        )
    facts = {
        "title": pair.title,
        "reference": "torch",
        "candidate": "jittor",
        "versions": versions_of(reference32, reference64, candidate32, candidate64, isolated),
        "inputs": describe_inputs(pair.inputs),
        "seconds": clock.seconds,
        "peak_memory_mb": peak_memory_mb(),
    }
    return replace(result, meta=facts | dict(meta or {}))


def _run_reference(pair: ModelPair, plan: Plan, clock: Clock) -> tuple[Trace | None, Trace | None]:
    """The float32 and the float64 trace; None where the plan does not ask for one."""
    with clock.stage("import torch, build the model"):
        from jtmigrate.frameworks.torch_adapter import TorchAdapter

        adapter, model = TorchAdapter(), pair.build_torch()
    runtime.restore_subnormals()
    call = pair.call_torch or plain_call
    trace32 = trace64 = None
    if plan.float32:
        with clock.stage("torch float32"):
            trace32 = adapter.record(model, pair.inputs, call=call)
    if plan.float64:
        with clock.stage("torch float64"):
            trace64 = adapter.record(model, pair.inputs, dtype="float64", call=call)
    return trace32, trace64


def _run_candidate(
    pair: ModelPair, plan: Plan, clock: Clock, reference: Trace
) -> tuple[Trace | None, Trace | None, Trace | None]:
    """The float32, the float64 and the isolated trace; None where the plan does not ask for one."""
    with clock.stage("import jittor, build the model"):
        from jtmigrate.frameworks.jittor_adapter import JittorAdapter

        adapter, model = JittorAdapter(), pair.build_jittor()
        adapter.check_model(model)
        if plan.copy_weights:
            adapter.load_state(model, reference.state)
    call = pair.call_jittor or plain_call
    trace32 = trace64 = isolated = None
    if plan.propagated:
        with clock.stage("jittor float32"):
            trace32 = adapter.record(model, pair.inputs, call=call)
    if plan.isolated:
        with clock.stage("jittor isolated"):
            isolated = adapter.replay(model, reference, call=call)
    if plan.float64:
        with clock.stage("jittor float64"):
            trace64 = adapter.record(model, pair.inputs, dtype="float64", call=call)
    return trace32, trace64, isolated


def peak_memory_mb() -> float | None:
    """The most memory that this process has held so far, in MiB; None where the system does not tell (Windows)."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
