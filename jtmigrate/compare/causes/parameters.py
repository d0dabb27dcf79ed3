"""A wrong parameter or buffer explains everything that its layer does wrong. What became of it?"""

from collections.abc import Iterator
from itertools import permutations
from typing import NamedTuple

import numpy as np

from jtmigrate.allowances import jittor_lacks
from jtmigrate.compare.causes.words import ratio
from jtmigrate.compare.fit import explains
from jtmigrate.compare.metrics import has_nonfinite
from jtmigrate.compare.result import ParameterResult, Verdict
from jtmigrate.compare.suspect import Suspect

FEW = 0.02
"""Share of values up to which a parameter is right but for some."""
RGB = 3


class Wrong(NamedTuple):
    """A parameter that differs: its full name, the reference's values and the candidate's."""

    name: str
    reference: np.ndarray
    candidate: np.ndarray


def missing_parameter(suspect: Suspect) -> str:
    """The candidate lacks a parameter or buffer, a bias say, that the reference has."""
    missing = [
        name for name in suspect.reference_state if name not in suspect.candidate_state and not jittor_lacks(name)
    ]
    unknown = not suspect.candidate_state or suspect.quantity is not None
    if not missing or unknown or not _matters(suspect, missing[0]):
        return ""
    return f"its {missing[0]} is missing: the reference has one"


def extra_parameter(suspect: Suspect) -> str:
    """The candidate has a parameter, a bias say, that the reference does not have."""
    extra = [name for name in suspect.candidate_state if name not in suspect.reference_state]
    if not extra or suspect.quantity is not None or not suspect.reference_state:
        return ""
    return f"it has a {extra[0]}, and the reference has none"


def transposed_parameter(suspect: Suspect) -> str:
    """A parameter has two of its axes exchanged; a square one loads without complaint."""
    for wrong in _wrong(suspect):
        for axes in permutations(range(wrong.reference.ndim)):
            if axes != tuple(sorted(axes)) and _equal(wrong.reference.transpose(axes), wrong):
                return f"its parameter {wrong.name} is transposed (axes {axes})"
    return ""


def reversed_parameter(suspect: Suspect) -> str:
    """A parameter is reversed along an axis: input channels (RGB and BGR), or the kernel."""
    for wrong in _wrong(suspect):
        axes = range(wrong.reference.ndim)
        for chosen in [(axis,) for axis in axes] + ([tuple(axes[2:])] if len(axes) > 3 else []):
            if _equal(np.flip(wrong.reference, chosen), wrong):
                bgr = len(axes) > 2 and chosen == (1,) and wrong.reference.shape[1] == RGB
                what = (
                    "has its input channels reversed: BGR instead of RGB" if bgr else f"is flipped along axes {chosen}"
                )
                return f"its parameter {wrong.name} {what}"
    return ""


def parameter_of_another_name(suspect: Suspect) -> str:
    """A parameter holds the values of another one: two names are mixed up."""
    for wrong in _wrong(suspect):
        for name, array in suspect.model_state.items():
            if name != wrong.name and array.size > 1 and _equal(array, wrong):
                return f"its parameter {wrong.name} holds the values of {name}"
    return ""


def reordered_parameter(suspect: Suspect) -> str:
    """A parameter holds the right values in another order: gates, heads, groups or rows are permuted."""
    for wrong in _wrong(suspect):
        a, b = wrong.reference.ravel(), wrong.candidate.ravel()
        if a.size == b.size > 1 and np.array_equal(np.sort(a), np.sort(b)) and a.min() != a.max():
            return f"its parameter {wrong.name} holds the reference's values in another order"
    return ""


def rounded_parameter(suspect: Suspect) -> str:
    """A parameter went through a shorter format: float16 or bfloat16."""
    for wrong in _wrong(suspect):
        if wrong.reference.dtype.kind != "f":
            continue
        for name, array in shortened(wrong.reference):
            if _equal(array, wrong):
                return f"its parameter {wrong.name} differs as after rounding to {name}"
    return ""


def unset_parameter(suspect: Suspect) -> str:
    """A parameter is one and the same number everywhere: it was never loaded."""
    for wrong in _wrong(suspect):
        value = wrong.candidate.flat[0] if wrong.candidate.size else 0
        if wrong.candidate.size > 1 and np.all(wrong.candidate == value) and np.any(wrong.reference != value):
            return f"its parameter {wrong.name} is {value:g} everywhere, as if it had never been loaded"
    return ""


def scaled_parameter(suspect: Suspect) -> str:
    """A parameter is the reference's times one factor, -1 included."""
    for wrong in _wrong(suspect):
        a = wrong.reference.astype(np.float64)
        strength = float(np.sum(a * a))
        if a.size < 2 or a.shape != wrong.candidate.shape or not strength or has_nonfinite(a):
            continue
        factor = float(np.sum(a * wrong.candidate)) / strength
        if factor and explains(a * factor, wrong.candidate, wrong.reference):
            return f"its parameter {wrong.name} is {ratio(factor)} the reference's"
    return ""


def deviation_for_variance(suspect: Suspect) -> str:
    """A parameter is the root, the square or the reciprocal of the reference's: a deviation for a variance."""
    forms = (("the root", np.sqrt), ("the square", np.square), ("the reciprocal", np.reciprocal))
    for wrong in _wrong(suspect):
        for words, form in forms if wrong.reference.dtype.kind == "f" else ():
            with np.errstate(all="ignore"):
                array = form(wrong.reference.astype(np.float64))
            if array.size > 1 and explains(array, wrong.candidate, wrong.reference):
                return f"its parameter {wrong.name} is {words} of the reference's"
    return ""


def few_values_differ(suspect: Suspect) -> str:
    """A parameter is right but for a few of its values."""
    for wrong in _wrong(suspect):
        if wrong.reference.shape != wrong.candidate.shape or has_nonfinite(wrong.candidate):
            continue
        places = np.argwhere(wrong.reference != wrong.candidate)
        if 0 < len(places) <= max(1, FEW * wrong.reference.size):
            where = tuple(int(index) for index in places[0])
            values = f"{wrong.candidate[where]:g} instead of {wrong.reference[where]:g}"
            return (
                f"its parameter {wrong.name} differs at {len(places)} of {wrong.reference.size} values, "
                f"first at {where}: {values}"
            )
    return ""


def parameter_differs(suspect: Suspect) -> str:
    """A parameter differs in no way that has a name."""
    wrong = _results(suspect)
    if not wrong:
        return ""
    first, *others = wrong
    more = f" (and {len(others)} more of this layer)" if others else ""
    says = first.reason if first.reason.startswith("differs") else f"has {first.reason}"
    return f"its parameter {first.name} {says}{more}"


def shortened(array: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """An array after a detour through shorter formats: (name, array), in its own dtype."""
    with np.errstate(over="ignore"):
        yield "float16", array.astype(np.float16).astype(array.dtype)
    yield "bfloat16", _bfloat16(array).astype(array.dtype)
    if array.dtype == np.float64:
        yield "float32", array.astype(np.float32).astype(np.float64)


def _bfloat16(array: np.ndarray) -> np.ndarray:
    """Rounded to the nearest number with 8 significant bits, ties to even."""
    bits = np.ascontiguousarray(array, np.float32).view(np.uint32)
    half = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return ((bits + half) & np.uint32(0xFFFF0000)).view(np.float32).reshape(array.shape)


def _results(suspect: Suspect) -> list[ParameterResult]:
    if suspect.quantity is not None:
        return []
    return [parameter for parameter in suspect.parameters if parameter.verdict is Verdict.MISMATCH]


def _wrong(suspect: Suspect) -> Iterator[Wrong]:
    for result in _results(suspect):
        local = result.name.rpartition(".")[2]
        reference, candidate = suspect.reference_state.get(local), suspect.candidate_state.get(local)
        if reference is not None and candidate is not None:
            yield Wrong(result.name, reference, candidate)


def _equal(array: np.ndarray, wrong: Wrong) -> bool:
    return array.shape == wrong.candidate.shape and np.array_equal(array, wrong.candidate)


def _matters(suspect: Suspect, name: str) -> bool:
    """Whether leaving a parameter out makes the answer fit, as far as that can be computed."""
    if not suspect.experiments:
        return True
    return any(experiment.explained_by(experiment.compute_without(name)) for experiment in suspect.experiments)


HYPOTHESES = (
    transposed_parameter,
    reversed_parameter,
    rounded_parameter,
    unset_parameter,
    parameter_of_another_name,
    reordered_parameter,
    scaled_parameter,
    deviation_for_variance,
    few_values_differ,
    parameter_differs,
)
