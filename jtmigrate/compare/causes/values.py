"""What simple arithmetic turns the reference's answer into the candidate's."""

import numpy as np

from jtmigrate.compare import metrics
from jtmigrate.compare.causes.words import ratio
from jtmigrate.compare.emulation.pointwise import ACTIVATIONS
from jtmigrate.compare.fit import explains, plain
from jtmigrate.compare.suspect import Difference, Suspect

KEPT = 0.1
"""Smallest share of values that an active dropout would keep."""
FEW = 0.02
HALF = 65504.0
"""The largest finite float16."""


def not_finite(suspect: Suspect) -> str:
    """NaN or infinity where the reference has numbers: a division by zero, a root or logarithm, an overflow."""
    for difference in suspect.differences:
        a, b = difference.reference, difference.candidate
        if a.shape != b.shape or b.dtype.kind != "f" or not (places := np.isfinite(a) & ~np.isfinite(b)).any():
            continue
        first = tuple(int(index) for index in np.argwhere(places)[0])
        kind = "NaN" if np.isnan(b[first]) else "infinity"
        why = " (an overflow of float16: larger than 65504)" if np.abs(a[places]).min() > HALF else ""
        where = f"{places.sum()} of {b.size} places, first at {first}"
        return f"{difference.what}: {kind} at {where}, from the same inputs{why}"
    return ""


def finite(suspect: Suspect) -> str:
    """Numbers where the reference has NaN or infinity: they were replaced, or a mask is missing."""
    for difference in suspect.differences:
        a, b = difference.reference, difference.candidate
        if a.shape == b.shape and a.dtype.kind == "f" and (places := ~np.isfinite(a) & np.isfinite(b)).any():
            where = f"{places.sum()} of {b.size} places"
            return f"{difference.what}: a number at {where} where the reference has NaN or infinity"
    return ""


def zero_everywhere(suspect: Suspect) -> str:
    """Nothing but zeros."""
    for difference in suspect.differences:
        if difference.candidate.size > 1 and not difference.candidate.any() and difference.reference.any():
            return f"{difference.what}: it is zero everywhere"
    return ""


def reversed_sign(suspect: Suspect) -> str:
    """The opposite sign."""
    for difference in _numbers(suspect):
        if _is(-difference.reference, difference):
            return f"{difference.what}: its sign is reversed"
    return ""


def constant_factor(suspect: Suspect) -> str:
    """The reference's answer times one factor: a scale, a mean instead of a sum."""
    for difference in _numbers(suspect):
        a, b = (array.astype(np.float64) for array in (difference.reference, difference.candidate))
        strength = float(np.sum(a * a))
        if a.size < 2 or not strength:
            continue
        factor = float(np.sum(a * b)) / strength
        if factor and _is(a * factor, difference):
            factor = plain(factor, lambda value, a=a, difference=difference: _is(a * value, difference))
            return f"{difference.what}: it is {ratio(factor)} the reference's, a constant factor"
    return ""


def constant_offset(suspect: Suspect) -> str:
    """The reference's answer plus one number; 1 for indices that count from 1."""
    for difference in suspect.differences:
        a, b = difference.reference, difference.candidate
        if a.shape != b.shape or a.size < 2 or a.dtype.kind not in "fiu" or b.dtype.kind not in "fiu":
            continue
        offset = float(np.median(b.astype(np.float64) - a))
        if offset and _is(a + (int(offset) if a.dtype.kind in "iu" else offset), difference):
            return f"{difference.what}: {offset:.6g} is added everywhere"
    return ""


def factor_by_channel(suspect: Suspect) -> str:
    """Each channel is multiplied by a number of its own: a weight of a normalisation or a scale layer."""
    for difference in _numbers(suspect):
        a, b = (array.astype(np.float64) for array in (difference.reference, difference.candidate))
        if a.ndim < 3 or a.shape[1] < 2:
            continue
        axes = (0, *range(2, a.ndim))
        strength = np.sum(a * a, axes, keepdims=True)
        if a.size < 4 * a.shape[1] or not strength.all():
            continue
        if _is(a * (np.sum(a * b, axes, keepdims=True) / strength), difference):
            return f"{difference.what}: each channel is the reference's times a factor of its own"
    return ""


def offset_by_channel(suspect: Suspect) -> str:
    """Each channel is moved by a number of its own: a bias."""
    for difference in _numbers(suspect):
        a, b = (array.astype(np.float64) for array in (difference.reference, difference.candidate))
        if a.ndim < 3 or a.size < 4 * a.shape[1] or a.shape[1] < 2:
            continue
        moved = np.median(b - a, (0, *range(2, a.ndim)), keepdims=True)
        if moved.any() and _is(a + moved, difference):
            return f"{difference.what}: each channel is moved by a number of its own, as by a missing or wrong bias"
    return ""


def clamped(suspect: Suspect) -> str:
    """The reference's answer cut off at limits that the reference does not have."""
    for difference in _numbers(suspect):
        low, high = difference.candidate.min(), difference.candidate.max()
        if low < high and _is(np.clip(difference.reference, low, high), difference):
            return f"{difference.what}: it is clamped to [{low:.6g}, {high:.6g}], the reference's is not"
    return ""


def not_clamped(suspect: Suspect) -> str:
    """The reference's answer before it is cut off."""
    for difference in _numbers(suspect):
        a, b = difference.reference, difference.candidate
        if a.min() < a.max() and a.min() != 0 and _makes(np.clip(b, a.min(), a.max()), difference):
            return f"{difference.what}: it is not clamped to [{a.min():.6g}, {a.max():.6g}] as the reference's is"
    return ""


def activation_missing(suspect: Suspect) -> str:
    """The reference applies an activation to what the candidate returns."""
    for difference in _numbers(suspect):
        for name, activation in _activations():
            if _makes(activation(difference.candidate.astype(np.float64), {}), difference):
                return f"{difference.what}: a missing activation, the reference's is {name} of it"
    return ""


def activation_added(suspect: Suspect) -> str:
    """The candidate applies an activation to what the reference returns."""
    for difference in _numbers(suspect):
        for name, activation in _activations():
            if _is(activation(difference.reference.astype(np.float64), {}), difference):
                return f"{difference.what}: it is {name} of the reference's, an activation too many"
    return ""


def dropout_active(suspect: Suspect) -> str:
    """Some values are zero and the others all too large by one factor: dropout in evaluation mode."""
    for difference in _numbers(suspect):
        a, b = difference.reference.astype(np.float64), difference.candidate.astype(np.float64)
        kept = b != 0
        dropped = ~kept & (a != 0)
        if not dropped.any() or kept.sum() < max(2, KEPT * a.size):
            continue
        factor = float(np.sum(a[kept] * b[kept]) / max(np.sum(a[kept] ** 2), np.finfo(float).tiny))
        if factor > 1 and _is(np.where(kept, a * factor, 0.0), difference):
            return f"{difference.what}: dropout is active, with p about {1 - 1 / factor:.2g}"
    return ""


def only_at_some_places(suspect: Suspect) -> str:
    """Right but at some places, which are told: the border, one channel, one sample, negative values, a few."""
    for difference in suspect.differences:
        a, b = difference.reference, difference.candidate
        if a.shape != b.shape or not a.ndim or a.dtype.kind not in "fiu" or metrics.differing_nonfinite(a, b):
            continue
        limit = suspect.tolerances.float32 * metrics.scale(a) if a.dtype.kind == "f" else 0
        wrong = np.abs(b.astype(np.float64) - a) > limit
        if where := _where(wrong, a):
            return f"{difference.what}: it differs {where}"
    return ""


HYPOTHESES = (
    zero_everywhere,
    reversed_sign,
    constant_factor,
    constant_offset,
    dropout_active,
    activation_missing,
    activation_added,
    clamped,
    not_clamped,
    factor_by_channel,
    offset_by_channel,
)


def _numbers(suspect: Suspect) -> tuple[Difference, ...]:
    """Differences between floating arrays of one shape without NaN and infinity."""
    return tuple(
        difference
        for difference in suspect.differences
        if difference.reference.shape == difference.candidate.shape
        and difference.reference.size
        and all(array.dtype.kind == "f" and np.isfinite(array).all() for array in difference[1:3])
    )


def _is(array: np.ndarray, difference: Difference) -> bool:
    return explains(array, difference.candidate, difference.reference)


def _makes(array: np.ndarray, difference: Difference) -> bool:
    """Whether something made of the candidate's answer is the reference's."""
    return explains(array, difference.reference, difference.candidate)


def _activations() -> list:
    return [(name, activation) for name, activation in ACTIVATIONS.items() if name != "Identity"]


def _where(wrong: np.ndarray, reference: np.ndarray) -> str:
    """Where an array is wrong, "" if that is everywhere or nowhere in particular."""
    count = int(wrong.sum())
    if not count or wrong.all():
        return ""
    if count <= max(1, FEW * wrong.size) and count <= 8:
        first = tuple(int(index) for index in np.argwhere(wrong)[0])
        return f"at {count} of {wrong.size} places only, first at {first}"
    for axis, name in ((0, "sample"), (1, "channel")):
        others = tuple(other for other in range(wrong.ndim) if other != axis)
        if wrong.ndim > axis + 1 and wrong.shape[axis] > 1:
            bad = np.flatnonzero(wrong.any(axis=others))
            if len(bad) <= wrong.shape[axis] / 2:
                return f"in {name}{'s' * (len(bad) > 1)} {', '.join(map(str, bad[:5]))}{', ...' * (len(bad) > 5)} only"
    if wrong.ndim > 2 and not wrong[(..., *(slice(1, -1),) * (wrong.ndim - 2))].any():
        return "at the border only (padding?)"
    if wrong.ndim > 2 and not wrong[(..., *(slice(None, -1),) * (wrong.ndim - 2))].any():
        return "in the last row or column only (ceil_mode, padding?)"
    if not (wrong & (reference > 0)).any():
        return "only where the reference is not positive"
    if not (wrong & (reference < 0)).any():
        return "only where the reference is not negative"
    return ""
