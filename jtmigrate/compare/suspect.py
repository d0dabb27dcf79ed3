"""`Suspect`: everything that is known about the thing at fault, for the hypotheses of `jtmigrate.compare.causes`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from jtmigrate.compare import metrics
from jtmigrate.compare.emulation import emulate, family
from jtmigrate.compare.fit import explains
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
from jtmigrate.trace.allowances import same_shape
from jtmigrate.trace.record import Arrays, LayerRecord
from jtmigrate.trace.steps import StepRecord
from jtmigrate.trace.structure import matching_slots

NO_STEPS = StepRuns()
Fault = LayerResult | QuantityResult
Settings = Mapping[str, Any]

REPRODUCED = {"float32": 1e-4, "float64": 1e-9}
"""Scaled error up to which an emulation counts as that of the reference's layer."""
LARGEST = 2**26
"""Values that an emulated layer may have to unfold: above, it is left alone."""


class Difference(NamedTuple):
    """An array that the candidate got wrong.

    what    "output", "output 1.scores", "what it hands to conv1", "gradient of input 0"
    inputs  what the candidate computed it from, on the same side of the comparison
    """

    what: str
    reference: np.ndarray
    candidate: np.ndarray
    inputs: Arrays


class Trial(NamedTuple):
    """One call in one situation: the reference's and the candidate's record of it."""

    situation: str
    reference: LayerRecord
    candidate: LayerRecord


@dataclass(frozen=True)
class Experiment:
    """A faulty call that can be computed again.

    inputs    what the candidate's layer was given
    state     its own parameters and buffers before the call
    settings  the reference's
    answer    what the candidate's layer returned
    expected  what the reference's would have returned; None if it cannot work with the candidate's state
    noise     max|emulated - recorded| of the reference's layer
    """

    kind: str
    inputs: tuple[np.ndarray, ...]
    state: Arrays
    settings: Settings
    answer: np.ndarray
    expected: np.ndarray | None
    noise: float

    def compute(
        self,
        *,
        kind: str | None = None,
        inputs: Sequence[np.ndarray] | None = None,
        state: Arrays | None = None,
        settings: Settings | None = None,
    ) -> np.ndarray | None:
        """What the layer would return with something changed; None where that cannot be computed."""
        return _emulated(
            kind or self.kind,
            self.inputs if inputs is None else inputs,
            self.state if state is None else state,
            {**self.settings, **(settings or {})},
        )

    def compute_without(self, *names: str) -> np.ndarray | None:
        """What the layer would return without some of its parameters."""
        return self.compute(state={name: array for name, array in self.state.items() if name not in names})

    def explained_by(self, array: np.ndarray | None) -> bool:
        """Whether an array is what the candidate returned, to rounding, while the reference's layer would not."""
        return array is not None and explains(array, self.answer, self.expected, noise=self.noise)


@dataclass(frozen=True)
class Suspect:
    """The layer or quantity at fault.

    situations          the call in all runs; for a fault of training, in the runs before it
    calls               what the reference's call called, in the order in which it finished
    parameters          the layer's own, compared; not its children's
    model_state         all parameters and buffers of the reference by full name, before the run
    reference_state     its own parameters and buffers by local name, before the run; so is candidate_state
    reference_settings  what the module was constructed with, in torch's words; so is candidate_settings
    quantities          all that were compared of the same module
    gradients           (reference, candidate) of every gradient that was compared of the same module, by what it is of
    buffers             (reference, candidate) of every buffer of the module after the run, by local name
    reference_steps     all training steps, for a fault of training; so are candidate_steps
    """

    fault: Fault
    situations: Situations
    tolerances: Tolerances = DEFAULT_TOLERANCES
    calls: tuple[LayerRecord, ...] = ()
    parameters: tuple[ParameterResult, ...] = ()
    model_state: Arrays = field(default_factory=dict)
    reference_state: Arrays = field(default_factory=dict)
    candidate_state: Arrays = field(default_factory=dict)
    reference_settings: Settings = field(default_factory=dict)
    candidate_settings: Settings = field(default_factory=dict)
    quantities: tuple[QuantityResult, ...] = ()
    gradients: tuple[Difference, ...] = ()
    buffers: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    reference_steps: tuple[StepRecord, ...] = ()
    candidate_steps: tuple[StepRecord, ...] = ()

    @property
    def quantity(self) -> Quantity | None:
        """What the faulty quantity is; None if outputs of a layer are at fault."""
        return self.fault.quantity if isinstance(self.fault, QuantityResult) else None

    @property
    def is_leaf(self) -> bool:
        """Whether the module has no children."""
        record = next(filter(None, self.situations), None)
        return record is not None and record.is_leaf

    @property
    def kind(self) -> str:
        """Class of the reference's module, without its number of dimensions."""
        record = self.situations.reference32 or self.situations.reference64
        return family(record.kind) if record is not None else ""

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """The situations that were run, the one that shows most first."""
        found = self.situations
        alone = _trial("isolated", found.reference32, found.isolated)
        float64 = _trial("float64", found.reference64, found.candidate64)
        float32 = _trial("float32", found.reference32, found.candidate32)
        return tuple(filter(None, (alone, float64, float32)))

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """Arrays that the candidate got wrong from the inputs that the reference had, the worst first.

        Of a layer: outputs and what it hands to its children, in the first situation in which they differ. Of a
        gradient: the gradients.
        """
        if self.quantity is Quantity.PARAMETER_GRADIENT:
            local = self.fault.name.rpartition(".")[2]
            own = [one for one in self.gradients if one.what.rpartition(" ")[2] == local]
            return _worst_first(own, self.tolerances.float32)
        if self.quantity is Quantity.ACTIVATION_GRADIENT:
            others = [one for one in self.gradients if one.what.rpartition(" ")[2] not in self.reference_state]
            return _worst_first(others, self.tolerances.float32)
        for trial in self.trials:
            tolerance = self.tolerances.float64 if trial.situation == "float64" else self.tolerances.float32
            if trial.situation != "isolated" and not _same_inputs(trial, tolerance):
                continue
            if found := _worst_first(self._pairs(trial), tolerance):
                return found
        return ()

    @cached_property
    def experiments(self) -> tuple[Experiment, ...]:
        """One for every situation in which the reference's layer can be emulated."""
        return tuple(filter(None, (self._experiment(trial) for trial in self.trials)))

    def _pairs(self, trial: Trial) -> tuple[Difference, ...]:
        many = len(trial.reference.outputs) > 1
        pairs = [
            Difference(f"output {name}" if many else "output", a, b, trial.candidate.inputs)
            for name, a, b in matching_slots(trial.reference.outputs, trial.candidate.outputs)
            if b is not None
        ]
        for call in self.calls if trial.situation == "isolated" else ():
            prefix = f"{call.key}/"
            handed = {
                name.removeprefix(prefix): array
                for name, array in trial.candidate.handed.items()
                if name.startswith(prefix)
            }
            pairs += [
                Difference(f"what it hands to {call.key}", a, b, trial.candidate.inputs)
                for _, a, b in matching_slots(call.inputs, handed)
                if b is not None
            ]
        return tuple(pairs)

    def _experiment(self, trial: Trial) -> Experiment | None:
        outputs = (trial.reference.outputs, trial.candidate.outputs)
        if not all(len(arrays) == 1 for arrays in outputs) or not trial.reference.is_leaf:
            return None
        (right,), (answer,) = (arrays.values() for arrays in outputs)
        given, inputs = (tuple(record.inputs.values()) for record in (trial.reference, trial.candidate))
        if _unfolded(right, given, self.reference_state) > LARGEST:
            return None
        recomputed = _emulated(self.kind, given, self.reference_state, self.reference_settings)
        if recomputed is None or recomputed.size != right.size:
            return None
        recomputed = recomputed.reshape(right.shape)
        precision = "float64" if trial.situation == "float64" else "float32"
        error = metrics.tensor_error(right, recomputed)
        if metrics.differing_nonfinite(right, recomputed) or error.scaled > REPRODUCED[precision]:
            return None
        state = {**self.reference_state, **self.candidate_state}
        expected = _emulated(self.kind, inputs, state, self.reference_settings)
        return Experiment(
            self.kind, inputs, state, self.reference_settings, answer, _shaped(expected, answer), error.max_abs
        )


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


def _trial(situation: str, reference: LayerRecord | None, candidate: LayerRecord | None) -> Trial | None:
    return Trial(situation, reference, candidate) if reference is not None and candidate is not None else None


def _same_inputs(trial: Trial, tolerance: float) -> bool:
    return all(
        b is not None and a.shape == b.shape and metrics.tensor_error(a, b).scaled <= tolerance
        for _, a, b in matching_slots(trial.reference.inputs, trial.candidate.inputs)
    )


def _worst_first(pairs: Sequence[Difference], tolerance: float) -> tuple[Difference, ...]:
    errors = [(_badness(pair.reference, pair.candidate), pair) for pair in pairs]
    wrong = [(error, pair) for error, pair in errors if error > (tolerance if pair.reference.dtype.kind == "f" else 0)]
    return tuple(pair for _, pair in sorted(wrong, key=lambda found: -found[0]))


def _badness(a: np.ndarray, b: np.ndarray) -> float:
    if not same_shape(a, b) or metrics.differing_nonfinite(a.ravel(), b.ravel()):
        return float("inf")
    return metrics.tensor_error(a.ravel(), b.ravel()).scaled


def _emulated(kind: str, inputs: Sequence[np.ndarray], state: Arrays, settings: Settings) -> np.ndarray | None:
    try:
        return emulate(kind, inputs, state, settings)
    except (ValueError, IndexError, KeyError, TypeError, ZeroDivisionError):
        return None  # these settings do not fit these arrays: no layer would return anything


def _shaped(array: np.ndarray | None, like: np.ndarray) -> np.ndarray | None:
    return array.reshape(like.shape) if array is not None and array.size == like.size else None


def _unfolded(output: np.ndarray, inputs: Sequence[np.ndarray], state: Arrays) -> int:
    """About how many values the emulation of a layer holds at once."""
    weight = state.get("weight")
    taps = weight.size // max(1, output.shape[1]) if weight is not None and weight.ndim > 2 and output.ndim > 1 else 1
    return max([output.size * min(taps, 64), *(array.size for array in inputs)])


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
