"""Gradients between the backward pass and the step: clipped, kept, scaled."""

import numpy as np

from jtmigrate.compare.causes.steps import CLOSE, arrives, clip_factor, near, norm, records, steps
from jtmigrate.compare.causes.words import ratio, shown
from jtmigrate.compare.fit import explains, fitted, plain
from jtmigrate.compare.result import Quantity
from jtmigrate.compare.suspect import Suspect
from jtmigrate.trace.steps import StepRecord

STEP = (
    Quantity.UPDATE,
    Quantity.MOMENT,
    Quantity.OPTION,
    Quantity.LEARNING_RATE,
    Quantity.CLIP_NORM,
)
CLIPPED = 1 - CLOSE


def other_norm(suspect: Suspect) -> str:
    """A norm of all gradients that is another norm, or one of some of them."""
    for reference, candidate in records(suspect) if suspect.quantity is Quantity.CLIP_NORM else ():
        if candidate.clip_norm is None and reference.clip_norm is None:
            continue
        if candidate.clip_norm is None or reference.clip_norm is None:
            return "it does not clip" if candidate.clip_norm is None else "it clips, and the reference does not"
        arrays = [np.abs(array.astype(np.float64)) for array in candidate.gradients.values()]
        norms = {
            "the largest absolute value (infinity norm)": max((array.max(initial=0) for array in arrays), default=0),
            "the sum of absolute values (1-norm)": sum(array.sum() for array in arrays),
            "the sum of squares, without the root": sum((array**2).sum() for array in arrays),
        }
        for words, value in norms.items():
            if near(float(value), candidate.clip_norm):
                return f"its norm of the gradients is {words} instead of the 2-norm"
        for name, array in candidate.gradients.items():
            rest = np.sqrt(max(norm(candidate.gradients) ** 2 - float((array.astype(np.float64) ** 2).sum()), 0))
            if array.any() and near(float(rest), candidate.clip_norm):
                return f"its norm of the gradients leaves out {name}"
    return ""


def clipping(suspect: Suspect) -> str:
    """Gradients clipped to another norm, or not at all."""
    if suspect.quantity not in (Quantity.UPDATE, Quantity.MOMENT):
        return ""
    for reference, candidate in records(suspect):
        optimizer = reference.before.optimizer
        ours, theirs = (clip_factor(one, optimizer) for one in (reference, candidate))
        if reference.clip_norm is None and candidate.clip_norm is None:
            continue
        if near(ours, theirs) or min(ours, theirs) >= CLIPPED or max(ours, theirs) > 1 + CLOSE:
            continue
        if not arrives(candidate, optimizer, lambda gradient, factor=theirs: gradient * factor):
            continue
        limits = [factor * norm(one.gradients) for factor, one in ((ours, reference), (theirs, candidate))]
        if theirs >= CLIPPED:
            norms = f"their norm stays {limits[1]:.4g}, the reference clips to {limits[0]:.4g}"
            return f"its gradients are not clipped: {norms}"
        how = f"instead of {limits[0]:.4g}" if ours < CLIPPED else "and the reference's are not"
        return f"its gradients are clipped to a norm of {limits[1]:.4g} {how}"
    return ""


def clipping_by_value(suspect: Suspect) -> str:
    """Gradients clipped value by value instead of by their norm."""
    for step in steps(suspect):
        largest = float(np.abs(step.gradient).max(initial=0))

        def result(limit: float, step=step) -> np.ndarray:
            return step.compute(gradient=np.clip(step.gradient.astype(np.float64), -limit, limit))

        for share in (0.5, 0.1, 0.9):
            limit = fitted(result, step.answer.astype(np.float64), share * largest)
            if limit is not None and 0 < limit < largest and step.explained_by(result(limit)):
                limit = plain(limit, lambda short, result=result, step=step: step.explained_by(result(short)))
                return f"its gradients are clipped by value, to {shown(limit)}, and not by their norm"
    return ""


def gradient_of_other_steps(suspect: Suspect) -> str:
    """Gradients that are not cleared between steps, or are those of the step before."""
    for reference, candidate in records(suspect):
        before = next((one for one in suspect.reference_steps if one.step == reference.step - 1), None)
        for name, gradient in reference.gradients.items() if before else ():
            if name not in candidate.gradients or name not in before.gradients:
                continue
            own, old = candidate.gradients[name], before.gradients[name]
            if explains(gradient + old, own, gradient):
                return "its gradients are added to those of the step before: they are not cleared"
            if explains(old, own, gradient):
                return "its gradients are those of the step before: stale gradients, or a stale batch"
    return ""


def scaled_gradients(suspect: Suspect) -> str:
    """All gradients times one factor: accumulation, a mean over batches, a loss scale."""
    for reference, candidate in records(suspect) if suspect.quantity in STEP else ():
        optimizer = reference.before.optimizer
        ours, theirs = (clip_factor(one, optimizer) for one in (reference, candidate))
        if reference.clip_norm is not None or near(ours, theirs):
            continue
        if arrives(candidate, optimizer, lambda gradient, factor=theirs: gradient * factor):
            return f"it steps by {ratio(theirs)} the gradients: gradient accumulation, or another loss scale"
    for reference, candidate in records(suspect):
        total = norm(reference.gradients)
        factor = norm(candidate.gradients) / total if total else 0.0
        scaled = {name: array * factor for name, array in reference.gradients.items()}
        if factor and not near(factor, 1.0) and _all_explained(scaled, reference, candidate):
            return (
                f"all its gradients are {ratio(factor)} the reference's: gradient accumulation, or another loss scale"
            )
    return ""


def ascending(suspect: Suspect) -> str:
    """A step up the gradient instead of down."""
    for step in steps(suspect):
        if step.explained_by(step.compute(gradient=-step.gradient * step.factor)):
            return "it steps up the gradient instead of down: the loss has the opposite sign"
    return ""


HYPOTHESES = (
    other_norm,
    clipping,
    clipping_by_value,
    gradient_of_other_steps,
    scaled_gradients,
    ascending,
)


def _all_explained(gradients: dict[str, np.ndarray], reference: StepRecord, candidate: StepRecord) -> bool:
    """Whether these are the candidate's gradients, every one of them, and the reference's are not."""
    if gradients.keys() != candidate.gradients.keys():
        return False
    told = [(array, candidate.gradients[name], reference.gradients[name]) for name, array in gradients.items()]
    moved = any(explains(array, theirs, right) for array, theirs, right in told)
    return moved and all(explains(array, theirs) for array, theirs, _ in told)
