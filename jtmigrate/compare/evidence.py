"""Gathers what the runs know about a fault: the call, its module's state, gradients and buffers on both sides."""

from collections.abc import Iterator, Sequence

import numpy as np

from jtmigrate.compare.pairing import Runs, Situations
from jtmigrate.compare.result import (
    DEFAULT_TOLERANCES,
    LayerResult,
    ParameterResult,
    Quantity,
    QuantityResult,
    Tolerances,
)
from jtmigrate.compare.steps import StepRuns
from jtmigrate.compare.suspect import Difference, Fault, Suspect
from jtmigrate.trace.record import Arrays, LayerRecord
from jtmigrate.trace.steps import StepRecord

NO_STEPS = StepRuns()


def suspect_of(
    fault: Fault,
    runs: Runs,
    *,
    parameters: Sequence[ParameterResult] = (),
    quantities: Sequence[QuantityResult] = (),
    tolerances: Tolerances = DEFAULT_TOLERANCES,
    steps: StepRuns = NO_STEPS,
) -> Suspect:
    """What the runs know about a fault. `parameters` and `quantities` are the whole model's: its own are picked out."""
    path = fault.path
    situations = runs.situations(_call_of(fault))
    happened = any(situations)
    alone = runs.alone.by_key.get(situations.reference.key) if runs.alone and happened else None
    candidate = runs.candidate or runs.isolated
    ours, theirs = _steps_of(fault, steps)
    here = [one for side in (ours, theirs) for one in side if one.step == fault.step] if ours or theirs else []
    before = [one.before.model for one in here] if len(here) == 2 else [runs.reference.state, candidate.state]
    own = [_own(state, path) for state in before]
    if len(here) == 2:
        gradients = _gradients_of_steps(*here, path)
        buffers = _buffers_of(own, [_own(one.after.model, path) for one in here])
    else:
        gradients = _gradients(fault, situations, alone, runs)
        buffers = _buffers_of(own, _changed_buffers(situations, alone, runs, path))
    return Suspect(
        fault=fault,
        situations=situations,
        tolerances=tolerances,
        calls=tuple(runs.reference.calls_made_by.get(situations.reference.key, ())) if happened else (),
        parameters=tuple(one for one in parameters if one.name.rpartition(".")[0] == path),
        model_state=runs.reference.state,
        model_gradients=(here[0].gradients, here[1].gradients) if len(here) == 2 else _model_gradients(runs),
        reference_state=own[0],
        candidate_state=own[1],
        reference_settings=runs.reference.settings.get(path, {}),
        candidate_settings=candidate.settings.get(path, {}),
        quantities=tuple(one for one in quantities if one.path == path),
        gradients=gradients,
        buffers=buffers,
        reference_steps=ours,
        candidate_steps=theirs,
    )


def _call_of(fault: Fault) -> str:
    """Key of the call that a fault is in; the first one of its module where it is in none in particular."""
    if isinstance(fault, LayerResult):
        return fault.key
    return fault.name if fault.quantity is Quantity.ACTIVATION_GRADIENT else fault.path


def _steps_of(fault: Fault, steps: StepRuns) -> tuple[tuple[StepRecord, ...], tuple[StepRecord, ...]]:
    """The reference's and the candidate's steps for a fault of training: with its own gradients where the fault lies
    before the optimizer, and else with the reference's."""
    if getattr(fault, "step", None) is None:
        return (), ()
    before = (Quantity.LOSS, Quantity.PARAMETER_GRADIENT, Quantity.BUFFER)
    candidates = (steps.led32, steps.led64) if fault.quantity in before else (steps.given32, steps.given64)
    return tuple(steps.reference), tuple(next(filter(None, candidates), ()))


def _own(state: Arrays, path: str) -> dict[str, np.ndarray]:
    prefix = f"{path}." if path else ""
    names = (name for name in state if name.startswith(prefix))
    return {local: state[prefix + local] for local in (name.removeprefix(prefix) for name in names) if "." not in local}


def _gradients(fault: Fault, situations: Situations, alone: LayerRecord | None, runs: Runs) -> tuple[Difference, ...]:
    """Gradients of the module, from its isolated replay where there is one, else from the whole runs."""
    isolated = situations.isolated
    if fault.own_fault and alone is not None and isolated is not None and alone.pullback:
        pairs = _completed(alone.pullback, isolated.pullback)
        return tuple(Difference(f"gradient of {name}", a, b, isolated.inputs) for name, a, b in pairs)
    found = []
    for reference, candidate in ((runs.reference64, runs.candidate64), (runs.reference32, runs.candidate32)):
        if reference is not None and candidate is not None:
            own = (_own(one.gradients, fault.path) for one in (reference, candidate))
            found += [Difference(f"gradient of {name}", a, b, {}) for name, a, b in _completed(*own)]
    for a, b in ((situations.reference64, situations.candidate64), (situations.reference32, situations.candidate32)):
        if a is not None and b is not None:
            pairs = _completed(a.gradients, b.gradients)
            found += [Difference(f"gradient of output {name}".rstrip(), x, y, b.inputs) for name, x, y in pairs]
    return tuple(found)


def _model_gradients(runs: Runs) -> tuple[Arrays, Arrays]:
    """Gradients of all parameters on both sides, in float64 where there are any."""
    pairs = ((runs.reference64, runs.candidate64), (runs.reference32, runs.candidate32))
    found = [(a.gradients, b.gradients) for a, b in pairs if a is not None and b is not None]
    return next((pair for pair in found if any(pair)), ({}, {}))


def _completed(reference: Arrays, candidate: Arrays) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Gradients of the same thing; where one side has none it is zero."""
    for name in dict.fromkeys([*reference, *candidate]):
        a, b = reference.get(name), candidate.get(name)
        yield name, np.zeros_like(b) if a is None else a, np.zeros_like(a) if b is None else b


def _gradients_of_steps(reference: StepRecord, candidate: StepRecord, path: str) -> tuple[Difference, ...]:
    pairs = _completed(_own(reference.gradients, path), _own(candidate.gradients, path))
    return tuple(Difference(f"gradient of {name}", a, b, {}) for name, a, b in pairs)


def _changed_buffers(situations: Situations, alone: LayerRecord | None, runs: Runs, path: str) -> tuple[Arrays, Arrays]:
    """Buffers that a run changed, from isolated replays where there are two, else from the whole runs."""
    if alone is not None and situations.isolated is not None and alone.buffers:
        return alone.buffers, situations.isolated.buffers
    if runs.reference32 and runs.candidate32:
        return _own(runs.reference32.buffers, path), _own(runs.candidate32.buffers, path)
    return {}, {}


def _buffers_of(before: Sequence[Arrays], changed: Sequence[Arrays]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(reference, candidate) of what either side changed; what one side did not change it still has."""
    reference, candidate = ({**old, **new} for old, new in zip(before, changed, strict=True))
    names = [name for name in reference if name in candidate and any(name in new for new in changed)]
    return {name: (reference[name], candidate[name]) for name in names}
