"""The right computation with too few digits."""

from collections.abc import Iterator

import numpy as np

from jtmigrate.compare.causes.parameters import shortened
from jtmigrate.compare.experiment import Experiment
from jtmigrate.compare.metrics import has_nonfinite
from jtmigrate.compare.suspect import Suspect
from jtmigrate.compare.verdict import FLOAT32_ONLY

FLOAT32_ROUNDING = 1e-6
FLOAT32_AGREES = "float32 agrees"
"""How `lower_precision` begins."""


def rounded_answer(suspect: Suspect) -> str:
    """The answer went through a shorter format: every value of it is one of float16's, or a whole number."""
    for difference in suspect.differences:
        a, b = difference.reference, difference.candidate
        if a.shape != b.shape or b.dtype.kind != "f" or not b.size or has_nonfinite(b) or b.min() == b.max():
            continue
        if np.array_equal(b, np.rint(b)) and not np.array_equal(a, np.rint(a)) and np.abs(b - a).max() <= 1:
            how = "truncated" if np.array_equal(b, np.trunc(a)) else "rounded"
            return f"{difference.what}: it is {how} to whole numbers (an integer detour or an integer division)"
        shown = [name for name, array in shortened(b) if name != "float32" and np.array_equal(array, b)]
        if shown and not any(np.array_equal(array, a) for name, array in shortened(a) if name in shown):
            return f"{difference.what}: all its values are {shown[0]} numbers, a detour through {shown[0]}"
    return ""


def rounded_operands(suspect: Suspect) -> str:
    """The layer computes with inputs or parameters in a shorter format."""
    for experiment in suspect.experiments if suspect.quantity is None else ():
        for name, inputs, state in _shortened_operands(experiment):
            if experiment.explained_by(experiment.compute(inputs=inputs, state=state)):
                return f"it computes with operands rounded to {name}: a detour through {name}"
    return ""


def numerically_poor(suspect: Suspect) -> str:
    """Right in float64 but wrong in float32: the formula cancels, overflows or sums badly."""
    # Of the very array that is wrong. A layer's other outputs may agree in float64, and of a gradient that it computes
    # alone nothing is known there: the whole run's is the gradient by another array.
    if FLOAT32_ONLY not in suspect.fault.reason:
        return ""
    return "the same mathematics in a numerically poor form: float64 agrees, float32 loses digits (cancellation?)"


def lower_precision(suspect: Suspect) -> str:
    """Right in float32 and nearly so in float64: a constant or a step stays in float32."""
    fault = suspect.fault
    if fault.own_fault or fault.float64 is None or not 0 < fault.float64.scaled <= FLOAT32_ROUNDING:
        return ""
    for trial in suspect.trials:
        arrays = trial.candidate.outputs.values() if trial.situation == "float64" else ()
        if any(array.dtype == np.float64 and np.array_equal(array, array.astype(np.float32)) for array in arrays):
            return f"{FLOAT32_AGREES}, and in the float64 run its answer holds float32 numbers: it computes in float32"
    return f"{FLOAT32_AGREES} and float64 nearly so: a constant or a step of it stays in float32"


def _shortened_operands(
    experiment: Experiment,
) -> Iterator[tuple[str, list[np.ndarray], dict[str, np.ndarray]]]:
    names = [name for array in experiment.inputs[:1] if array.dtype.kind == "f" for name, _ in shortened(array)]
    for name in names:
        inputs = [_as(name, array) for array in experiment.inputs]
        state = {key: _as(name, array) for key, array in experiment.state.items()}
        yield name, inputs, dict(experiment.state)
        yield name, list(experiment.inputs), state
        yield name, inputs, state


def _as(name: str, array: np.ndarray) -> np.ndarray:
    return dict(shortened(array)).get(name, array) if array.dtype.kind == "f" else array
