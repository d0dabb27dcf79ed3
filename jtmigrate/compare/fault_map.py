"""Where in its array the first fault is off: a border, a channel, or all over tells causes apart at a glance."""

import numpy as np

from jtmigrate.allowances import same_shape
from jtmigrate.compare import metrics
from jtmigrate.compare.result import FaultMap, Quantity
from jtmigrate.compare.suspect import Suspect

LARGEST_SIDE = 64
LEADING = ("item", "channel", "depth")
SPATIAL = ("y", "x")


def fault_map(suspect: Suspect) -> FaultMap | None:
    """The worst array of a faulty layer, gradient or buffer; None for others, and where no two arrays compare."""
    drawable = [
        (what, a, b)
        for what, a, b in _pairs(suspect)
        if same_shape(a, b) and a.size and a.dtype.kind in "fiub" and not np.array_equal(a.ravel(), b.ravel())
    ]
    if not drawable:
        return None
    return draw_map(*drawable[0], is_parameter=suspect.quantity is Quantity.PARAMETER_GRADIENT)


def _pairs(suspect: Suspect) -> list[tuple[str, np.ndarray, np.ndarray]]:
    if suspect.quantity is Quantity.BUFFER:
        local = suspect.fault.name.rpartition(".")[2]
        return [(name, *arrays) for name, arrays in suspect.buffers.items() if name == local]
    if suspect.quantity in (None, Quantity.ACTIVATION_GRADIENT, Quantity.PARAMETER_GRADIENT):
        return [(each.what, each.reference, each.candidate) for each in suspect.differences]
    return []


def draw_map(what: str, reference: np.ndarray, candidate: np.ndarray, *, is_parameter: bool = False) -> FaultMap:
    """The plane of the largest error in two arrays of one shape.

    A plane is that of the last two dimensions, at one item and channel. Of a parameter it is the whole array, its first
    dimension against all others: a kernel of 3 x 3 says nothing.
    """
    errors = _scaled_errors(reference, candidate)
    if is_parameter and errors.ndim > 1:
        plane, errors, axes = "", errors.reshape(errors.shape[0], -1), ("output channel", "weight")
    else:
        plane, errors = _worst_plane(errors)
        axes = SPATIAL if reference.ndim > 3 else ("row", "column")
    return FaultMap(
        what=what,
        shape=tuple(reference.shape),
        plane=plane,
        axes=axes,
        rows=errors.shape[0],
        columns=errors.shape[1],
        errors=tuple(map(tuple, _shrunk(errors).tolist())),
    )


def _scaled_errors(reference: np.ndarray, candidate: np.ndarray) -> np.ndarray:
    a, b = reference.astype(np.float64), candidate.astype(np.float64).reshape(reference.shape)
    with np.errstate(invalid="ignore"):
        errors = np.abs(a - b) / (metrics.scale(a) or 1.0)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.where(same, 0.0, np.where(np.isfinite(errors), errors, np.inf))


def _worst_plane(errors: np.ndarray) -> tuple[str, np.ndarray]:
    if errors.ndim < 2:
        return "", errors.reshape(1, -1)
    *leading, _, _ = np.unravel_index(int(np.argmax(errors)), errors.shape)
    names = [*LEADING[: len(leading)], *(f"dimension {number}" for number in range(len(LEADING), len(leading)))]
    plane = ", ".join(f"{name} {index}" for name, index in zip(names, leading, strict=True))
    return plane, errors[tuple(leading)]


def _shrunk(errors: np.ndarray) -> np.ndarray:
    """At most `LARGEST_SIDE` rows and columns, each the largest error of what it stands for."""
    for axis in (0, 1):
        size = errors.shape[axis]
        starts = np.unique(np.arange(min(size, LARGEST_SIDE)) * size // min(size, LARGEST_SIDE))
        errors = np.maximum.reduceat(errors, starts, axis=axis)
    return errors
