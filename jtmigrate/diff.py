"""`diff`: the whole pipeline, from two models to a `DiffResult`.

Imports no framework before a model is asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from jtmigrate import runtime
from jtmigrate.compare.compare import compare
from jtmigrate.compare.matching import remarks
from jtmigrate.compare.pairing import Exceptions, Runs
from jtmigrate.compare.result import DEFAULT_TOLERANCES, DiffResult, Tolerances
from jtmigrate.compare.steps import StepRuns
from jtmigrate.errors import UserError
from jtmigrate.facts import describe_inputs, loaded_code, named_inputs, versions_of, weights_digest
from jtmigrate.frameworks.base import Call, Loss
from jtmigrate.plan import DEFAULT_PLAN, ModelPair, Plan
from jtmigrate.runs import CandidateRuns, Clock, Progress, ReferenceRuns, run_candidate, run_reference
from jtmigrate.runtime.memory import peak_mb
from jtmigrate.trace.store import ArrayStore

__all__ = ["ModelPair", "Plan", "diff", "diff_pair"]


Look = Callable[[DiffResult, ReferenceRuns, CandidateRuns], None]


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
    backward: bool = False,
    loss_torch: Loss | None = None,
    loss_jittor: Loss | None = None,
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
        loss_torch=loss_torch,
        loss_jittor=loss_jittor,
    )
    plan = Plan(tolerances=tolerances, allow_nonfinite=allow_nonfinite, copy_weights=copy_weights, backward=backward)
    return diff_pair(pair, plan)


def diff_pair(
    pair: ModelPair,
    plan: Plan = DEFAULT_PLAN,
    *,
    exceptions: Exceptions = (),
    progress: Progress = lambda stage: None,
    meta: Mapping[str, Any] | None = None,
    reference: ReferenceRuns | None = None,
    look: Look = lambda result, reference, candidate: None,
) -> DiffResult:
    """Compare two models that are only built when their turn comes.

    exceptions, meta  are added to those of the pair and of the result
    reference         its runs, where they were made before for the same pair and plan (`jtmigrate.runs.run_reference`)
    look              is shown the result with the runs behind it, while they are at hand

    The Jittor model is built, and Jittor imported, after the reference has run: loading a Jittor kernel switches the
    process to flush-to-zero.
    """
    runtime.prepare()
    arrays = [array for _, array in named_inputs(pair.inputs) if isinstance(array, np.ndarray)]
    if not arrays:
        raise UserError("there is no array among the inputs")
    if not any(array.size for array in arrays):
        raise UserError("the inputs hold no element, and nothing could be compared: give a batch that is not empty")
    clock = Clock(progress)
    store = ArrayStore()
    reference = reference or run_reference(pair, plan, clock, store)
    candidate = run_candidate(pair, plan, clock, store, reference)
    with clock.stage("compare"):
        result = compare(
            Runs(
                reference.trace32,
                reference.trace64,
                candidate.trace32,
                candidate.trace64,
                candidate.isolated,
                reference.alone,
                reference.alone_floors,
            ),
            margins=pair.margins,
            steps=StepRuns(**reference.steps, **candidate.steps),
            tolerances=plan.tolerances,
            exceptions=(*pair.exceptions, *exceptions),
            allow_nonfinite=plan.allow_nonfinite,
        )
    facts = {
        "title": pair.title,
        "reference": "torch",
        "candidate": "jittor",
        "versions": versions_of(reference.trace, candidate.trace),
        "inputs": describe_inputs(pair.inputs),
        "weights": {
            "reference": weights_digest(reference.trace.state),
            "candidate": weights_digest(candidate.trace.state),
        },
        "code": loaded_code(),
        "seconds": clock.seconds,
        "peak_memory_mb": peak_mb(),
    }
    warnings = (*result.warnings, *remarks(candidate.matching))
    result = replace(result, warnings=warnings, meta=facts | dict(meta or {}))
    look(result, reference, candidate)
    return result
