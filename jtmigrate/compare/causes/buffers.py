"""Running statistics and other buffers after a run."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from jtmigrate.compare.causes.words import instead
from jtmigrate.compare.emulation.normalisation import MOMENTUM, running_statistics
from jtmigrate.compare.fit import explains, plain
from jtmigrate.compare.result import Quantity
from jtmigrate.compare.suspect import Suspect

NORMS = ("BatchNorm", "SyncBatchNorm")


class Update(NamedTuple):
    """A buffer before and after a run, on both sides."""

    name: str
    before: np.ndarray
    reference: np.ndarray
    candidate: np.ndarray


def not_updated(suspect: Suspect) -> str:
    """A buffer that keeps its value where the reference's moves."""
    for update in _updates(suspect):
        if np.array_equal(update.candidate, update.before) and not np.array_equal(update.reference, update.before):
            return f"its {update.name} is not updated: evaluation mode, or a momentum of 0"
    return ""


def updated_in_evaluation(suspect: Suspect) -> str:
    """A buffer that moves where the reference's keeps its value."""
    for update in _updates(suspect):
        if np.array_equal(update.reference, update.before):
            return f"its {update.name} is updated, and the reference's is not: training mode, or a trained buffer"
    return ""


def biased_variance(suspect: Suspect) -> str:
    """The running variance takes the biased variance of the batch, as stock Jittor's does."""
    if _statistics_explain(suspect, "running_var", {"unbiased": False}):
        return "its running_var takes the biased variance of the batch (divided by n, as Jittor's) instead of n - 1"
    for update in _updates(suspect):
        size = _count(suspect)
        if update.name == "running_var" and size > 1:
            momentum = suspect.reference_settings.get("momentum") or MOMENTUM
            batch = (update.reference - update.before.astype(np.float64) * (1 - momentum)) / momentum
            biased = update.before * (1 - momentum) + batch * (size - 1) / size * momentum
            if explains(biased, update.candidate, update.reference):
                return "its running_var takes the biased variance of the batch (divided by n) instead of n - 1"
    return ""


def momentum(suspect: Suspect) -> str:
    """A running average with another momentum; 0.9 for 0.1 is the other convention."""
    known = suspect.reference_settings.get("momentum")
    known = MOMENTUM if known is None and suspect.kind in NORMS else known
    for update in _updates(suspect):
        times = _times_as_far(update)
        if known is None or times is None or times == 0:
            continue
        value = plain(known * times, lambda value, update=update: _is_moved(update, value / known))
        convention = ": the other convention, 1 - momentum" if math.isclose(value, 1 - known, rel_tol=1e-4) else ""
        return f"{instead('momentum', value, known)}{convention} (by its {update.name})"
    return ""


def updated_twice(suspect: Suspect) -> str:
    """A running average that takes the same batch twice."""
    known = suspect.reference_settings.get("momentum", MOMENTUM) or MOMENTUM
    for update in _updates(suspect):
        if _is_moved(update, 2 - known):
            return f"its {update.name} is updated twice by the same batch"
    return ""


def other_decay(suspect: Suspect) -> str:
    """A buffer that moves further, or less far, than the reference's by one factor."""
    for update in _updates(suspect):
        if times := _times_as_far(update):
            return f"its {update.name} moves {times:.6g} times as far as the reference's: another decay or momentum"
    return ""


HYPOTHESES = (not_updated, updated_in_evaluation, biased_variance, updated_twice, momentum, other_decay)


def _updates(suspect: Suspect) -> Iterator[Update]:
    """Floating buffers of the module that differ after the run."""
    if suspect.quantity is not Quantity.BUFFER:
        return
    for name, (reference, candidate) in suspect.buffers.items():
        before = suspect.reference_state.get(name)
        shapes = {array.shape for array in (reference, candidate, before) if array is not None}
        if before is not None and len(shapes) == 1 and before.dtype.kind == "f" and not explains(reference, candidate):
            yield Update(name, before, reference, candidate)


def _times_as_far(update: Update) -> float | None:
    """By which factor the candidate's buffer moved further, where one factor explains all of it."""
    way = update.reference.astype(np.float64) - update.before
    strength = float(np.sum(way * way))
    times = float(np.sum(way * (update.candidate - update.before.astype(np.float64)))) / strength if strength else 0.0
    return times if _is_moved(update, times) else None


def _is_moved(update: Update, times: float) -> bool:
    before = update.before.astype(np.float64)
    moved = before + times * (update.reference - before)
    # What is left of the rounding of the reference's own way.
    noise = abs(times) * np.finfo(update.reference.dtype).eps * float(np.abs(update.reference).max())
    return explains(moved, update.candidate, update.reference, noise=noise)


def _statistics_explain(suspect: Suspect, name: str, changed: dict[str, Any]) -> bool:
    """Whether the statistics of the recorded input, taken differently, make the candidate's buffer."""
    record = suspect.situations.isolated or suspect.situations.candidate32
    if suspect.kind not in NORMS or record is None or name not in suspect.buffers:
        return False
    x = next(iter(record.inputs.values()), None)
    if x is None or x.ndim < 2 or name not in suspect.reference_state:
        return False
    settings = {key: value for key, value in suspect.reference_settings.items() if value is not None}
    state = {key: array.astype(np.float64) for key, array in suspect.reference_state.items()}
    taken = running_statistics(x.astype(np.float64), state, {**settings, **changed})
    reference, candidate = suspect.buffers[name]
    return explains(taken[name], candidate, reference)


def _count(suspect: Suspect) -> int:
    """Values that a channel of the input has; 0 where no input was recorded."""
    record = next(filter(None, suspect.situations), None)
    x = next(iter(record.inputs.values()), None) if record else None
    return x.size // x.shape[1] if x is not None and x.ndim > 1 and x.shape[1] else 0
