"""Whether an array accounts for another one: the judge of every hypothesis about a cause."""

from collections.abc import Callable

import numpy as np

from jtmigrate.compare import metrics

ROUNDING = {"f8": 1e-9, "f4": 1e-6, "f2": 2e-3}
"""Scaled errors that say nothing, by the precision of what is explained: those of docs/numerics.md."""
NOISE_FACTOR = 4.0
LEFT_OVER = 0.25
"""An explanation leaves at most this share of the difference between reference and candidate."""
ROUNDS, STEP = 20, 1e-6
SHORT = (1, 2)
"""Digits of a number that somebody may have written."""
ENOUGH = 3
NOTHING = 1e-12


def explains(
    explanation: np.ndarray, candidate: np.ndarray, reference: np.ndarray | None = None, *, noise: float = 0.0
) -> bool:
    """Whether `explanation` is what the candidate returned, to rounding, and the reference's answer is not.

    noise  max|a - b| by which such an explanation is off where it is known to be right
    """
    explanation = np.asarray(explanation)
    if explanation.shape != candidate.shape or metrics.differing_nonfinite(explanation, candidate):
        return False
    if candidate.dtype.kind not in "fc":
        return bool(np.array_equal(explanation, candidate)) and not _same(reference, candidate)
    if not np.isfinite(candidate).any():
        return False
    if explanation.dtype.kind in "iub":
        explanation = explanation.astype(candidate.dtype)
    left = metrics.tensor_error(candidate, explanation).max_abs
    rounding = ROUNDING.get(candidate.dtype.str[1:], 0.0) * metrics.scale(candidate)
    if left > max(rounding, NOISE_FACTOR * noise):
        return False
    if reference is None or reference.shape != candidate.shape or metrics.differing_nonfinite(reference, candidate):
        return True
    difference = metrics.tensor_error(candidate, reference).max_abs
    return difference > 0 and left <= LEFT_OVER * difference


def fitted(function: Callable[[float], np.ndarray], target: np.ndarray, start: float) -> float | None:
    """The value at which `function(value)` comes closest to `target` in squares (Gauss-Newton); None if there is none.

    The function has to be smooth in its value, not in anything else.
    """
    value = start
    for _ in range(ROUNDS):
        here = function(value)
        if here.shape != target.shape or not np.isfinite(here).all():
            return None
        step = max(abs(value) * STEP, STEP**2)
        slope = (function(value + step) - here) / step
        strength = float(np.sum(slope * slope))
        if strength == 0 or not np.isfinite(strength):
            return None
        change = float(np.sum(slope * (target - here))) / strength
        value += change
        if abs(change) <= STEP**2 * abs(value):
            break
    return value


def plain(value: float, is_right: Callable[[float], bool]) -> float:
    """The value with as few digits as are right, all of them if need be."""
    return next((short for digits in (*SHORT, 3, 4, 6) if is_right(short := float(f"{value:.{digits}g}"))), value)


def settled(value: float | None, is_right: Callable[[float], bool], size: int) -> float | None:
    """A fitted value in plain digits, None if it does not explain the `size` numbers that it was fitted to.

    One number is explained by any one free value: so few have to be explained by a round one.
    """
    if value is None:
        return None
    value = 0.0 if abs(value) < NOTHING else value
    short = plain(value, is_right)
    if size < ENOUGH and not any(short == float(f"{value:.{digits}g}") for digits in SHORT):
        return None
    return short if is_right(short) else None


def _same(reference: np.ndarray | None, candidate: np.ndarray) -> bool:
    return reference is not None and np.array_equal(reference, candidate)
