"""The right numbers at the wrong places. Each hypothesis looks at every array that differs, the worst first."""

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from jtmigrate.compare.fit import explains
from jtmigrate.compare.metrics import has_nonfinite
from jtmigrate.compare.suspect import Difference, Suspect

RGB = 3
MOST_SHIFTS = 64


def reversed_channels(suspect: Suspect) -> str:
    """Three channels in reverse: BGR instead of RGB."""
    for difference in suspect.differences:
        for axis in _axes(difference):
            if (
                difference.reference.shape[axis] == RGB
                and axis
                and _is(np.flip(difference.reference, axis), difference)
            ):
                return f"{difference.what}: its three channels are reversed along axis {axis}, BGR instead of RGB"
    return ""


def flipped(suspect: Suspect) -> str:
    """An array mirrored along one of its axes, or along height and width."""
    for difference in suspect.differences:
        axes = _axes(difference)
        for chosen in [(axis,) for axis in axes] + ([tuple(axes[2:])] if len(axes) > 3 else []):
            if _is(np.flip(difference.reference, chosen), difference):
                return f"{difference.what}: it is flipped along {_named(chosen)}"
    return ""


def permuted_axes(suspect: Suspect) -> str:
    """An array with its axes exchanged: height and width, or channels last."""
    for difference in suspect.differences:
        axes = _axes(difference)
        for order in permutations(axes) if len(axes) <= 5 else ():
            if list(order) != list(axes) and _is(difference.reference.transpose(order), difference):
                return f"{difference.what}: its axes are permuted, {order} of the reference's (a transpose)"
    return ""


def rearranged(suspect: Suspect) -> str:
    """An array that was reshaped where the reference permutes its axes, or the other way round."""
    for difference in suspect.differences:
        a, b = difference.reference, difference.candidate
        if a.shape != b.shape and a.size == b.size and _is(a.reshape(b.shape), difference):
            return f"{difference.what}: the same numbers in shape {b.shape} instead of {a.shape}, reshaped"
        if a.size == b.size and a.ndim in (3, 4):
            for order in permutations(range(a.ndim)):
                if _is(a.transpose(order).reshape(b.shape), difference):
                    return f"{difference.what}: its axes are permuted to {order} and reshaped, or a permute is missing"
    return ""


def shifted(suspect: Suspect) -> str:
    """An array moved along an axis; what leaves at one end comes back at the other, or does not."""
    for difference in suspect.differences:
        for axis in _axes(difference):
            size = difference.reference.shape[axis]
            for shift in _shifts(size):
                rolled = np.roll(difference.reference, shift, axis)
                if _is(rolled, difference):
                    if axis == 1:
                        return (
                            f"{difference.what}: blocks of channels are in another order, as in a swapped concatenation"
                        )
                    return f"{difference.what}: it is shifted by {shift} along {_named((axis,))}"
                if abs(shift) <= 2 and _is_but_for_the_border(rolled, difference, axis, shift):
                    return f"{difference.what}: it is shifted by {shift} along {_named((axis,))}, the border aside"
    return ""


def permuted_samples(suspect: Suspect) -> str:
    """The samples of a batch in another order."""
    return _permuted(suspect, 0, "the samples of the batch are in another order")


def permuted_channels(suspect: Suspect) -> str:
    """The channels in another order: concatenated, split, grouped or shuffled differently."""
    return _permuted(suspect, 1, "its channels are in another order (concatenation, split, groups or shuffle)")


def reordered(suspect: Suspect) -> str:
    """The reference's values in an order that has no name."""
    for difference in suspect.differences:
        a, b = difference.reference, difference.candidate
        if a.shape != b.shape or a.size < 2 or has_nonfinite(a) or a.min() == a.max():
            continue
        if explains(np.sort(a, axis=None), np.sort(b, axis=None)) and not explains(a, b):
            return f"{difference.what}: it holds the reference's values in another order"
    return ""


def repeated_sample(suspect: Suspect) -> str:
    """Every sample of the batch is the first one's: a broadcast or a loop variable."""
    for difference in suspect.differences:
        a = difference.reference
        if a.ndim > 1 and a.shape[0] > 1 and _is(np.broadcast_to(a[:1], a.shape), difference):
            return f"{difference.what}: every sample of the batch holds the first one's values"
    return ""


HYPOTHESES = (
    reversed_channels,
    flipped,
    permuted_axes,
    permuted_samples,
    repeated_sample,
    shifted,
    permuted_channels,
    rearranged,
    reordered,
)


def _axes(difference: Difference) -> range:
    return range(difference.reference.ndim)


def _is(array: np.ndarray, difference: Difference) -> bool:
    return array.shape == difference.candidate.shape and explains(array, difference.candidate, difference.reference)


def _named(axes: tuple[int, ...]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {axes}"


def _shifts(size: int) -> Iterator[int]:
    """1, -1, 2, -2, ...: nearest first, and the half."""
    for shift in range(1, min(size, MOST_SHIFTS + 1)):
        yield shift
        if shift < size - shift:
            yield -shift
    if size > MOST_SHIFTS + 1:
        yield size // 2


def _is_but_for_the_border(rolled: np.ndarray, difference: Difference, axis: int, shift: int) -> bool:
    size = rolled.shape[axis]
    if difference.candidate.shape != rolled.shape or size <= 2 * abs(shift) + 1:
        return False
    inner = range(shift, size) if shift > 0 else range(size + shift)
    cut = (array.take(inner, axis) for array in (rolled, difference.candidate, difference.reference))
    moved, candidate, reference = cut
    return moved.min() != moved.max() and explains(moved, candidate, reference)


def _permuted(suspect: Suspect, axis: int, words: str) -> str:
    for difference in suspect.differences:
        a, b = difference.reference, difference.candidate
        if a.shape != b.shape or a.ndim <= axis + 1 or a.shape[axis] < 2 or a.dtype.kind not in "fiu":
            continue
        order = _order(_signatures(a, axis), _signatures(b, axis))
        if order is not None and _is(a.take(order, axis), difference):
            return f"{difference.what}: {words}"
    return ""


def _signatures(array: np.ndarray, axis: int) -> np.ndarray:
    """One number for each slice, different for different slices: a sum under fixed random weights."""
    slices = np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1).astype(np.float64)
    return slices @ np.random.default_rng(0).normal(size=slices.shape[1])


def _order(reference: np.ndarray, candidate: np.ndarray) -> np.ndarray | None:
    """For each of the candidate's slices the reference's of the same rank; None if that is no change."""
    order = np.empty(len(reference), int)
    order[np.argsort(candidate)] = np.argsort(reference)
    return None if np.array_equal(order, np.arange(len(order))) else order
