"""Backward passes: a layer whose outputs agree and whose gradients do not."""

from collections.abc import Iterator, Sequence

import numpy as np

from jtmigrate.compare import metrics
from jtmigrate.compare.causes.words import ratio
from jtmigrate.compare.fit import explains, plain
from jtmigrate.compare.result import Quantity
from jtmigrate.compare.suspect import Difference, Suspect
from jtmigrate.trace.record import Arrays

GRADIENTS = (Quantity.ACTIVATION_GRADIENT, Quantity.PARAMETER_GRADIENT)
TIES = 0.5
"""Share of the places where gradients differ that have to be ties for ties to be the cause."""

FLOAT32_GRADIENT = 2.5e-3
"""Scaled error, before `explains` allows for more, to which a gradient of a whole float32 run is defined."""


def tied_parameters(suspect: Suspect) -> str:
    """Two parameters are one tensor on one side and two on the other: their gradients are added up on one side only."""
    if suspect.quantity is not Quantity.PARAMETER_GRADIENT:
        return ""
    reference, candidate = suspect.model_gradients
    for one, other, where in (
        (reference, candidate, "one tensor in the reference and two in the candidate: tie them"),
        (candidate, reference, "two tensors in the reference and one in the candidate: do not tie them"),
    ):
        for names in _equal_parameters(suspect.model_state, one, other):
            if suspect.fault.name in names and _add_up(names, one, other):
                return f"{' and '.join(names)} are {where}"
    return ""


def frozen_parameter(suspect: Suspect) -> str:
    """A parameter gets no gradient: frozen by stop_grad, or not used in the loss."""
    if suspect.quantity is not Quantity.PARAMETER_GRADIENT:
        return ""
    for difference in suspect.differences:
        name = difference.what.rpartition(" ")[2]
        if _vanishes(difference) and name in suspect.reference_state:
            return f"its {name} gets no gradient: frozen (requires_grad, stop_grad), or detached from the loss"
    return ""


def detached_branch(suspect: Suspect) -> str:
    """No gradient flows where the reference's does: a detached branch."""
    for difference in _gradients(suspect):
        if _vanishes(difference):
            return f"the {difference.what} is zero: a detached branch (detach, stop_grad, no_grad)"
    return ""


def missing_path(suspect: Suspect) -> str:
    """A gradient lacks what one of several branches adds to it: that branch is detached."""
    for difference in _gradients(suspect):
        lost = difference.reference.astype(np.float64) - difference.candidate
        if share := _share(lost, suspect, difference):
            return f"the {difference.what} lacks a share like the {share}: a detached branch"
    return ""


def through_stop_gradient(suspect: Suspect) -> str:
    """A gradient flows where the reference stops it: a missing detach."""
    for difference in _gradients(suspect):
        why = "a gradient flows where the reference stops it (a missing detach)"
        if difference.candidate.any() and not difference.reference.any():
            return f"the {difference.what} is not zero: {why}"
        if share := _share(difference.candidate.astype(np.float64) - difference.reference, suspect, difference):
            return f"the {difference.what} has a share like the {share} too many: {why}"
    return ""


def reversed_gradient(suspect: Suspect) -> str:
    """A gradient with the opposite sign."""
    for difference in _gradients(suspect):
        if _is(-difference.reference, difference):
            return f"the {difference.what} has the opposite sign"
    return ""


def clipped_by_value(suspect: Suspect) -> str:
    """A gradient cut off at a value."""
    for difference in _gradients(suspect):
        limit = float(np.abs(difference.candidate).max(initial=0))
        if limit and _is(np.clip(difference.reference, -limit, limit), difference):
            return f"the {difference.what} is clipped by value, to {limit:.6g}"
    return ""


def scaled_gradient(suspect: Suspect) -> str:
    """A gradient times one factor: a mean instead of a sum, a parameter used twice, a forgotten division."""
    for difference in _gradients(suspect):
        a, b = (array.astype(np.float64) for array in (difference.reference, difference.candidate))
        strength = float(np.sum(a * a))
        factor = float(np.sum(a * b)) / strength if strength else 0.0
        if a.size > 1 and factor and _is(a * factor, difference):
            factor = plain(factor, lambda value, a=a, difference=difference: _is(a * value, difference))
            return f"the {difference.what} is {ratio(factor)} the reference's: a scaled gradient"
    return ""


def at_ties(suspect: Suspect) -> str:
    """Gradients differ only where an input is exactly 0 or two are equal: another convention at a kink."""
    for difference in _gradients(suspect):
        wrong = difference.reference != difference.candidate
        for array in difference.inputs.values():
            if array.shape == wrong.shape and wrong.any() and (array[wrong] == 0).mean() > TIES:
                places = f"{int(wrong.sum())} places where its input is exactly 0"
                return (
                    f"the {difference.what} differs at {places}: another derivative at a kink (abs, sign, clamp, max)"
                )
    return ""


def own_backward(suspect: Suspect) -> str:
    """The same answers and other gradients, in no way that has a name."""
    if suspect.quantity not in GRADIENTS or not suspect.fault.own_fault:
        return ""
    return "its answers agree and its gradients do not: its backward pass (detach, custom grad) differs"


HYPOTHESES = (
    tied_parameters,
    frozen_parameter,
    detached_branch,
    through_stop_gradient,
    missing_path,
    reversed_gradient,
    scaled_gradient,
    clipped_by_value,
    at_ties,
)


def _equal_parameters(state: Arrays, one: Arrays, other: Arrays) -> Iterator[tuple[str, str]]:
    """Pairs of parameters that begin alike and both have a gradient on the one side, and only the first on the other.

    A parameter that has several names has its gradient under the first.
    """
    for first in one:
        for second in other:
            if second not in one and first in other and first in state and second in state:
                a, b = state[first], state[second]
                if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.array_equal(a, b):
                    yield first, second


def _add_up(names: Sequence[str], one: Arrays, other: Arrays) -> bool:
    """Whether the gradient under the first name on the one side is the sum of both on the other."""
    whole, parts = one[names[0]], [other[name] for name in names]
    if not all(isinstance(part, np.ndarray) and part.shape == whole.shape and part.any() for part in (whole, *parts)):
        return False
    noise = FLOAT32_GRADIENT * metrics.scale(whole) if whole.dtype == np.float32 else 0.0
    return explains(parts[0].astype(np.float64) + parts[1], whole, parts[0], noise=noise)


def _gradients(suspect: Suspect) -> tuple[Difference, ...]:
    """Gradients of one shape that differ; numbers only."""
    if suspect.quantity not in GRADIENTS:
        return ()
    return tuple(
        difference
        for difference in suspect.differences
        if difference.reference.shape == difference.candidate.shape
        and np.isfinite(difference.reference).all()
        and np.isfinite(difference.candidate).all()
    )


def _share(array: np.ndarray, suspect: Suspect, difference: Difference) -> str:
    """Which other gradient of the layer an array is; "" if it is none."""
    for other in suspect.gradients:
        if other.what != difference.what and other.reference.any() and explains(array, other.reference):
            return other.what
    return ""


def _vanishes(difference: Difference) -> bool:
    return bool(difference.reference.any()) and not difference.candidate.any()


def _is(array: np.ndarray, difference: Difference) -> bool:
    return explains(array, difference.candidate, difference.reference)
