"""How far one array is from another, computed in float64 whatever they hold; estimated where one is only a sketch."""

from collections.abc import Iterable, Sequence

import numpy as np

from jtmigrate.allowances import same_shape
from jtmigrate.compare import estimates
from jtmigrate.compare.estimates import Known, is_sketched
from jtmigrate.compare.result import TensorError
from jtmigrate.compare.units import scaled, ulp


def same_bits(a: Known, b: Known) -> bool:
    """Whether two arrays of one shape and kind are equal bit for bit, the sign of zero and NaN payloads included."""
    if is_sketched(a, b):
        return estimates.same_values(a, b)
    if a.dtype != b.dtype:
        return np.array_equal(a, b)
    return a.tobytes() == b.tobytes()


def differing_nonfinite(a: Known, b: Known) -> int:
    """Number of places where exactly one is NaN, or one is infinite and the other is not the same infinity."""
    if is_sketched(a, b):
        return estimates.nonfinite_places(a, b)
    if not (_inexact(a) or _inexact(b)):
        return 0
    both_nan = np.isnan(a) & np.isnan(b)
    either = ~np.isfinite(a) | ~np.isfinite(b)
    return int(np.count_nonzero(either & ~both_nan & (a != b)))


def has_nonfinite(a: Known) -> bool:
    """Whether there is any NaN or infinity."""
    if is_sketched(a):
        return bool(a.places)
    return _inexact(a) and not np.isfinite(a).all()


def scale(a: Known) -> float:
    """max|a| over the finite values, 0 if there are none."""
    if is_sketched(a):
        return a.scale
    if a.size == 0:
        return 0.0
    magnitude = np.abs(a.astype(np.float64, copy=False))
    return float(np.max(magnitude, where=np.isfinite(magnitude), initial=0.0))


def tensor_error(reference: Known, candidate: Known) -> TensorError:
    """Distance of `candidate` from `reference`, two arrays of one shape, over the places where both are finite.

    A unit in the last place (ULP) is the spacing of the reference's dtype at the reference's largest magnitude; of
    integers it is 1.
    """
    if is_sketched(reference, candidate):
        return estimates.estimated_error(reference, candidate)
    a = reference.astype(np.float64, copy=False).ravel()
    b = candidate.astype(np.float64, copy=False).ravel()
    finite = np.isfinite(a) & np.isfinite(b)
    if not finite.all():
        a, b = a[finite], b[finite]
    if a.size == 0:
        return TensorError(0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    difference = np.abs(a - b)
    largest, max_abs = scale(a), float(difference.max())
    if max_abs == 0:
        return TensorError(0.0, largest, 0.0, 1.0, 0.0, 0.0, 0.0)
    unit = ulp(largest, reference.dtype)
    p50, p99 = _percentiles(difference, (0.5, 0.99))
    return TensorError(
        max_abs=max_abs,
        scale=largest,
        scaled=scaled(max_abs, largest),
        cosine=cosine(a, b),
        ulp_p50=p50 / unit,
        ulp_p99=p99 / unit,
        ulp_max=max_abs / unit,
    )


def error_between(reference: Known | None, candidate: Known | None) -> TensorError | None:
    """`tensor_error`, or None where one is missing or the shapes differ."""
    if reference is None or candidate is None or not same_shape(reference, candidate):
        return None
    return tensor_error(reference, candidate)


def scaled_error(reference: Known, candidate: Known | None) -> float:
    """max|a - b| / max|a| alone, over the places where both are finite; 0 where it cannot be told."""
    if candidate is None or not same_shape(reference, candidate) or reference.size == 0:
        return 0.0
    if is_sketched(reference, candidate):
        return estimates.estimated_error(reference, candidate).scaled
    difference = np.abs(np.subtract(reference.ravel(), candidate.ravel(), dtype=np.float64))  # of booleans too
    finite = np.isfinite(difference)
    return scaled(float(np.max(difference, where=finite, initial=0.0)), scale(reference))


def magnitude(error: TensorError | None) -> float:
    """What errors are sorted by: the scaled error, less than any where nothing was measured."""
    return -1.0 if error is None else error.scaled


def largest_error(errors: Iterable[TensorError | None]) -> TensorError | None:
    """The error of the largest scaled one; None if nothing was measured."""
    return max(errors, key=magnitude, default=None)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Cosine of the angle between two vectors: 1 if both are zero, 0 if one is."""
    # Scaled first: the squares of very small or very large numbers would leave the range of float64.
    a, b = a / (np.abs(a).max() or 1.0), b / (np.abs(b).max() or 1.0)
    lengths = float(np.sqrt(np.dot(a, a) * np.dot(b, b)))
    if lengths == 0:
        return float(not a.any() and not b.any())
    return float(np.clip(np.dot(a, b) / lengths, -1.0, 1.0))


def _percentiles(values: np.ndarray, shares: Sequence[float]) -> list[float]:
    """For each share: the smallest of `values` that at least this share of them does not exceed."""
    ranks = [max(0, int(np.ceil(share * values.size)) - 1) for share in shares]
    return np.partition(values, ranks)[ranks].tolist()


def _inexact(a: np.ndarray) -> bool:
    return a.dtype.kind in "fc"
