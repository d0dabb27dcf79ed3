"""Scalars: loss terms and totals, of a stage, of the whole run or of a training step."""

from collections.abc import Iterator
from itertools import combinations
from math import prod
from typing import NamedTuple

import numpy as np

from jtmigrate.compare.causes.words import ratio
from jtmigrate.compare.result import Quantity
from jtmigrate.compare.suspect import Suspect

CLOSE = 1e-5
LARGEST_PLAIN = 1000
"""Up to here a whole ratio is no coincidence; beyond, it has to be the number of something."""


class Scalar(NamedTuple):
    """A loss on both sides."""

    what: str
    reference: float
    candidate: float


def mean_instead_of_sum(suspect: Suspect) -> str:
    """A loss that is smaller or larger by the number of things summed: mean instead of sum, or the other way round."""
    for scalar in _scalars(suspect):
        if not scalar.reference or not scalar.candidate:
            continue
        times = scalar.candidate / scalar.reference
        for count, words in ((1 / times, "a mean instead of a sum over"), (times, "a sum instead of a mean over")):
            whole = round(count)
            if whole > 1 and abs(count - whole) <= CLOSE * whole and _is_a_number_of_something(whole, suspect):
                return f"{scalar.what} is {ratio(times)} the reference's: {words} {whole}"
    return ""


def missing_term(suspect: Suspect) -> str:
    """A total that lacks one of the terms, or has it twice."""
    scalars = {**_scalar_outputs(suspect), **_scalar_inputs(suspect)}
    for scalar in _scalars(suspect):
        apart = scalar.candidate - scalar.reference
        for name, term in scalars.items():
            if name == scalar.what or not term or abs(term) <= CLOSE * abs(scalar.reference):
                continue
            for sign, words in ((-1, "lacks"), (1, "counts once too often")):
                if abs(apart - sign * term) <= CLOSE * abs(term):
                    return f"{scalar.what} {words} the term {name}"
    return ""


def reversed_loss(suspect: Suspect) -> str:
    """A loss with the opposite sign."""
    for scalar in _scalars(suspect):
        if scalar.reference and abs(scalar.candidate + scalar.reference) <= CLOSE * abs(scalar.reference):
            return f"{scalar.what} has the opposite sign"
    return ""


def weighted_loss(suspect: Suspect) -> str:
    """A loss that is the reference's times a simple number: a forgotten weight."""
    for scalar in _scalars(suspect):
        times = scalar.candidate / scalar.reference if scalar.reference else 0.0
        simple = round(times * 20) / 20
        if simple and abs(times - simple) <= CLOSE * abs(simple):
            return f"{scalar.what} is {ratio(simple)} the reference's: another loss weight, or a mean instead of a sum"
    return ""


def another_batch(suspect: Suspect) -> str:
    """A training step whose losses are those of another step of the reference: stale, skipped or reordered batches."""
    if not suspect.candidate_steps or not hasattr(suspect.fault, "step"):
        return ""
    here = next((one for one in suspect.candidate_steps if one.step == suspect.fault.step), None)
    for other in suspect.reference_steps:
        if here is None or other.step == here.step or not here.losses or here.losses.keys() != other.losses.keys():
            continue
        if all(np.allclose(here.losses[name], other.losses[name], rtol=CLOSE, atol=0) for name in here.losses):
            return f"its losses are those of the reference's step {other.step}: the batches come in another order"
    return ""


HYPOTHESES = (another_batch, missing_term, mean_instead_of_sum, reversed_loss, weighted_loss)


def _scalars(suspect: Suspect) -> Iterator[Scalar]:
    """Losses that differ: of a faulty layer or stage that returns scalars, or of a training step."""
    if suspect.quantity is Quantity.LOSS:
        yield from _step_losses(suspect)
    for difference in suspect.differences if suspect.quantity in (None, Quantity.LOSS) else ():
        a, b = difference.reference, difference.candidate
        if a.size == b.size == 1 and a.dtype.kind == "f" and np.isfinite(a).all() and np.isfinite(b).all():
            yield Scalar(difference.what, float(a.ravel()[0]), float(b.ravel()[0]))


def _step_losses(suspect: Suspect) -> Iterator[Scalar]:
    for reference in suspect.reference_steps:
        for candidate in suspect.candidate_steps:
            if not reference.step == candidate.step == suspect.fault.step:
                continue
            for name, value in reference.losses.items():
                other = candidate.losses.get(name)
                if other is not None and not np.allclose(value, other, rtol=CLOSE, atol=0):
                    yield Scalar(f"loss {name}".rstrip(), float(np.ravel(value)[0]), float(np.ravel(other)[0]))


def _scalar_outputs(suspect: Suspect) -> dict[str, float]:
    """What stands beside a total: the other losses of its step, or of its run."""
    steps = [one.losses for one in suspect.reference_steps if one.step == getattr(suspect.fault, "step", None)]
    word, groups = ("loss", steps) if steps else ("output", [one.reference.outputs for one in suspect.trials[:1]])
    return {
        f"{word} {name}": float(array.ravel()[0])
        for arrays in groups
        for name, array in arrays.items()
        if array.size == 1 and array.dtype.kind == "f"
    }


def _scalar_inputs(suspect: Suspect) -> dict[str, float]:
    """Scalars that a total may be made of: what was handed in, and what children and stages answered."""
    found = {}
    for trial in suspect.trials[:1]:
        found |= {f"input {name}": array for name, array in trial.reference.inputs.items()}
    for call in suspect.calls:
        found |= {f"{call.key} {name}".rstrip(): array for name, array in call.outputs.items()}
    return {
        name: float(array.ravel()[0]) for name, array in found.items() if array.size == 1 and array.dtype.kind == "f"
    }


def _is_a_number_of_something(count: int, suspect: Suspect) -> bool:
    """Whether a number is small, or a size of an input, or a product of some of its dimensions."""
    if count <= LARGEST_PLAIN:
        return True
    arrays = [array for trial in suspect.trials[:1] for array in trial.reference.inputs.values()]
    sizes = {
        prod(chosen)
        for array in arrays
        for many in range(1, array.ndim + 1)
        for chosen in combinations(array.shape, many)
    }
    return count in sizes or any(array.dtype.kind in "iub" and count == np.count_nonzero(array) for array in arrays)
