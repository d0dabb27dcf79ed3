"""A faulty call that can be computed again: what would the layer have returned with something changed?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from jtmigrate.compare import metrics
from jtmigrate.compare.emulation import Settings, emulate
from jtmigrate.compare.fit import explains
from jtmigrate.trace.record import Arrays, LayerRecord

REPRODUCED = {"float32": 1e-4, "float64": 1e-9}
"""Scaled error up to which an emulation counts as that of the reference's layer."""
LARGEST = 2**26
"""Values that an emulated layer may have to unfold: above, it is left alone."""


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


def experiment_on(
    trial: Trial, kind: str, reference_state: Arrays, candidate_state: Arrays, settings: Settings
) -> Experiment | None:
    """The experiment on a layer of this kind with the reference's settings; None where it cannot be emulated.

    States are the layer's own parameters and buffers before the call.
    """
    outputs = (trial.reference.outputs, trial.candidate.outputs)
    if not all(len(arrays) == 1 for arrays in outputs) or not trial.reference.is_leaf:
        return None
    (right,), (answer,) = (arrays.values() for arrays in outputs)
    given, inputs = (tuple(record.inputs.values()) for record in (trial.reference, trial.candidate))
    if _unfolded(right, given, reference_state) > LARGEST:
        return None
    recomputed = _emulated(kind, given, reference_state, settings)
    if recomputed is None or recomputed.size != right.size:
        return None
    recomputed = recomputed.reshape(right.shape)
    precision = "float64" if trial.situation == "float64" else "float32"
    error = metrics.tensor_error(right, recomputed)
    if metrics.differing_nonfinite(right, recomputed) or error.scaled > REPRODUCED[precision]:
        return None
    state = {**reference_state, **candidate_state}
    expected = _emulated(kind, inputs, state, settings)
    return Experiment(kind, inputs, state, settings, answer, _shaped(expected, answer), error.max_abs)


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
