"""Backward passes: a layer whose outputs agree and whose gradients do not."""

import numpy as np

from jtmigrate.compare.causes.words import ratio
from jtmigrate.compare.fit import explains, plain
from jtmigrate.compare.result import Quantity
from jtmigrate.compare.suspect import Difference, Suspect

GRADIENTS = (Quantity.ACTIVATION_GRADIENT, Quantity.PARAMETER_GRADIENT)
TIES = 0.5
"""Share of the places where gradients differ that have to be ties for ties to be the cause."""


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
    frozen_parameter,
    detached_branch,
    through_stop_gradient,
    missing_path,
    reversed_gradient,
    scaled_gradient,
    clipped_by_value,
    at_ties,
)


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
