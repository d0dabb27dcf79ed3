"""Metrics of arrays of which one or both are known by a `Sketch` only. Exact where it can be, else an estimate."""

import numpy as np

from jtmigrate.compare.result import TensorError
from jtmigrate.compare.units import scaled, ulp
from jtmigrate.trace.sketch import Sketch, sketch

Known = np.ndarray | Sketch
"""An array, or what is left of one."""


def is_sketched(*arrays: Known | None) -> bool:
    """Whether any of these is known by a sketch only."""
    return any(isinstance(array, Sketch) for array in arrays)


def same_values(a: Known, b: Known) -> bool:
    """Whether the hashes agree: the same values, bit for bit; integers of any width."""
    a, b = _sketches(a, b)
    comparable = a.dtype == b.dtype or (a.dtype.kind in "iu" and b.dtype.kind in "iu")
    return comparable and a.sha256 == b.sha256


def nonfinite_places(a: Known, b: Known) -> int:
    """0 where NaN and infinity are at the same places; else a lower bound on the number of places that differ."""
    a, b = _sketches(a, b)
    if not (a.measured and b.measured) or a.places == b.places:
        return 0
    return max(1, abs(a.nans - b.nans), abs(a.infs - b.infs))


def estimated_error(reference: Known, candidate: Known) -> TensorError:
    """Estimated distance of two arrays of one shape; zero where the hashes agree.

    The largest difference is the largest of: the differences of sampled values, of minima, maxima and scales (these
    are certain), and what a normal distribution would have as its largest, of the spread that the signed sums tell
    and over the share of elements that differs among the samples. A few wrong elements of a large array can hide from
    it. Infinite where only the hashes are known, and differ.
    """
    a, b = _sketches(reference, candidate)
    if same_values(a, b):
        return TensorError(0.0, a.scale, 0.0, 1.0, 0.0, 0.0, 0.0)
    if not (a.measured and b.measured):
        infinite = float("inf")
        return TensorError(infinite, a.scale, infinite, float("nan"), infinite, infinite, infinite)
    spread = float(np.sqrt(np.sum((a.sums - b.sums) ** 2) / max(1, a.size)))
    certain = [abs(a.minimum - b.minimum), abs(a.maximum - b.maximum), abs(a.scale - b.scale)]
    differences = np.abs(a.samples - b.samples)
    share = (np.count_nonzero(differences) + 1) / (differences.size + 1)
    likely = spread / share**0.5 * _largest_of_normal(share * a.size)
    max_abs = max(*certain, float(differences.max(initial=0.0)), likely)
    if a.dtype.kind in "iub":
        max_abs = max(max_abs, 1.0)  # the hashes differ, so at least one element does
    unit = ulp(a.scale, a.dtype)
    return TensorError(
        max_abs=max_abs,
        scale=a.scale,
        scaled=scaled(max_abs, a.scale),
        cosine=_cosine(a, b, spread * a.size**0.5),
        ulp_p50=0.6745 * spread / unit,
        ulp_p99=2.5758 * spread / unit,
        ulp_max=max_abs / unit,
    )


def zeros_like(array: Known) -> Known:
    """Zeros in the shape and dtype of an array."""
    zeros = np.zeros(array.shape, array.dtype)
    return sketch(zeros) if is_sketched(array) else zeros


def _sketches(*arrays: Known) -> list[Sketch]:
    return [array if isinstance(array, Sketch) else sketch(array) for array in arrays]


def _largest_of_normal(number: float) -> float:
    """About the largest magnitude among so many standard normal numbers."""
    return float(np.sqrt(2 * np.log(max(2, number))))


def _cosine(a: Sketch, b: Sketch, distance: float) -> float:
    """By the law of cosines."""
    if not (a.l2 and b.l2):
        return float(a.l2 == b.l2)
    return float(np.clip((a.l2**2 + b.l2**2 - distance**2) / (2 * a.l2 * b.l2), -1.0, 1.0))
