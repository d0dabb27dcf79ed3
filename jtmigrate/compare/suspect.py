"""`Suspect`: everything that is known about the thing at fault, for the hypotheses of `jtmigrate.compare.causes`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from jtmigrate.allowances import same_shape
from jtmigrate.compare import metrics
from jtmigrate.compare.emulation import Settings, family
from jtmigrate.compare.experiment import Experiment, Trial, experiment_on
from jtmigrate.compare.pairing import Situations
from jtmigrate.compare.result import (
    DEFAULT_TOLERANCES,
    LayerResult,
    ParameterResult,
    Quantity,
    QuantityResult,
    Tolerances,
)
from jtmigrate.trace.record import Arrays, LayerRecord
from jtmigrate.trace.steps import StepRecord
from jtmigrate.trace.structure import matching_slots

Fault = LayerResult | QuantityResult


class Difference(NamedTuple):
    """An array that the candidate got wrong.

    what    "output", "output 1.scores", "what it hands to conv1", "gradient of input 0"
    inputs  what the candidate computed it from, on the same side of the comparison
    """

    what: str
    reference: np.ndarray
    candidate: np.ndarray
    inputs: Arrays


@dataclass(frozen=True)
class Suspect:
    """The layer or quantity at fault.

    situations          the call in all runs; for a fault of training, in the runs before it
    calls               what the reference's call called, in the order in which it finished
    parameters          the layer's own, compared; not its children's
    model_state         all parameters and buffers of the reference by full name, before the run
    model_gradients     (reference, candidate) gradients of all parameters by full name, in the whole run or the step
    reference_state     its own parameters and buffers by local name, before the run; so is candidate_state
    reference_settings  what the module was constructed with, in torch's words; so is candidate_settings
    quantities          all that were compared of the same module
    gradients           of every gradient of the same module how far it is off, by what it is of
    buffers             (reference, candidate) of every buffer of the module after the run, by local name
    reference_steps     all training steps, for a fault of training; so are candidate_steps
    """

    fault: Fault
    situations: Situations
    tolerances: Tolerances = DEFAULT_TOLERANCES
    calls: tuple[LayerRecord, ...] = ()
    parameters: tuple[ParameterResult, ...] = ()
    model_state: Arrays = field(default_factory=dict)
    model_gradients: tuple[Arrays, Arrays] = ({}, {})
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
            if trial.situation != "isolated" and not same_inputs(trial.reference, trial.candidate, tolerance):
                continue
            if found := _worst_first(self._pairs(trial), tolerance):
                return found
        return ()

    @cached_property
    def experiments(self) -> tuple[Experiment, ...]:
        """One for every situation in which the reference's layer can be emulated."""
        states = (self.reference_state, self.candidate_state)
        tried = (experiment_on(trial, self.kind, *states, self.reference_settings) for trial in self.trials)
        return tuple(filter(None, tried))

    def _pairs(self, trial: Trial) -> tuple[Difference, ...]:
        many = len(trial.reference.outputs) > 1
        pairs = [
            Difference(f"output {name}" if many else "output", a, b, trial.candidate.inputs)
            for name, a, b in matching_slots(trial.reference.outputs, trial.candidate.outputs)
            if b is not None
        ]
        for call in self.calls if trial.situation == "isolated" else ():
            pairs += [
                Difference(f"what it hands to {call.key}", a, b, trial.candidate.inputs)
                for _, a, b in matching_slots(call.inputs, trial.candidate.handed_to(call))
                if b is not None
            ]
        return tuple(pairs)


def same_inputs(reference: LayerRecord, candidate: LayerRecord, tolerance: float) -> bool:
    """Whether two calls were given the same arrays, to a scaled error."""
    return all(
        b is not None and a.shape == b.shape and metrics.tensor_error(a, b).scaled <= tolerance
        for _, a, b in matching_slots(reference.inputs, candidate.inputs)
    )


def _trial(situation: str, reference: LayerRecord | None, candidate: LayerRecord | None) -> Trial | None:
    return Trial(situation, reference, candidate) if reference is not None and candidate is not None else None


def _worst_first(pairs: Sequence[Difference], tolerance: float) -> tuple[Difference, ...]:
    errors = [(_badness(pair.reference, pair.candidate), pair) for pair in pairs]
    wrong = [(error, pair) for error, pair in errors if error > (tolerance if pair.reference.dtype.kind == "f" else 0)]
    return tuple(pair for _, pair in sorted(wrong, key=lambda found: -found[0]))


def _badness(a: np.ndarray, b: np.ndarray) -> float:
    if not same_shape(a, b) or metrics.differing_nonfinite(a.ravel(), b.ravel()):
        return float("inf")
    return metrics.tensor_error(a.ravel(), b.ravel()).scaled
