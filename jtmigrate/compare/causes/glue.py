"""A module's own code: what it makes of its inputs and of its children's answers, which are the reference's here."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from jtmigrate.compare import metrics
from jtmigrate.compare.causes.words import shown
from jtmigrate.compare.emulation.pointwise import ACTIVATIONS
from jtmigrate.compare.fit import explains
from jtmigrate.compare.suspect import Difference, Suspect, same_inputs
from jtmigrate.trace.structure import matching_slots

Material = tuple[str, np.ndarray]
MOST_MATERIALS = 24
REPEATED = 1e-3
"""Scaled difference of two answers to the same inputs that no rounding makes."""


def calls_other_children(suspect: Suspect) -> str:
    """The replay of the layer alone could not be carried through: it calls other children, or raises."""
    isolated = suspect.situations.isolated
    if suspect.quantity is not None or isolated is None:
        return ""
    # The reason tells what is behind an exception that only the replay raises.
    return f"its own code {suspect.fault.reason or isolated.failure}" if isolated.failure else ""


def other_number_of_arrays(suspect: Suspect) -> str:
    """It returns, or hands to a child, more arrays than the reference or fewer."""
    if suspect.quantity is not None or not any(suspect.situations):
        return ""
    reference, isolated = suspect.situations.reference, suspect.situations.isolated
    records = filter(None, (isolated, suspect.situations.candidate32, suspect.situations.candidate64))
    returned = any(len(record.outputs) != len(reference.outputs) for record in records)
    handed = isolated and any(len(isolated.handed_to(call)) != len(call.inputs) for call in suspect.calls)
    return f"it {suspect.fault.reason}" if returned or handed else ""


def differs_when_repeated(suspect: Suspect) -> str:
    """Right in the whole float32 run and wrong when it runs again: it keeps state between calls, or is random."""
    situations, propagated = suspect.situations, suspect.fault.propagated
    reference, whole, again = situations.reference32, situations.candidate32, situations.isolated
    if suspect.quantity is not None or any(one is None for one in (reference, whole, again, propagated)):
        return ""
    tolerance = suspect.tolerances.float32
    agrees = propagated.scaled <= tolerance and same_inputs(reference, whole, tolerance)
    pairs = [(a, b) for _, a, b in matching_slots(whole.outputs, again.outputs) if b is not None and a.shape == b.shape]
    if not agrees or max((metrics.tensor_error(a, b).scaled for a, b in pairs), default=0.0) < REPEATED:
        return ""
    return "it is not the same when run twice: it keeps state between calls (a counter, a cache), or is random"


def swapped_arguments(suspect: Suspect) -> str:
    """Two arrays that a layer returns or hands on are exchanged."""
    for first in suspect.differences:
        for second in suspect.differences:
            if (
                first is not second
                and _is(second.reference, first)
                and explains(first.reference, second.candidate, second.reference)
            ):
                return f"{first.what} and {second.what} are swapped"
    return ""


def residual(suspect: Suspect) -> str:
    """Something is not added, added twice or subtracted: a missing residual connection."""
    for difference in _from_materials(suspect):
        apart = difference.candidate.astype(np.float64) - difference.reference
        for name, material in _materials(suspect, difference):
            if material.shape != difference.reference.shape:
                continue
            strength = float(np.sum(material * material))
            times = float(np.sum(apart * material)) / strength if strength else 0.0
            if times and _is(difference.reference + times * material, difference):
                return f"{difference.what}: {_times(times, name)}"
    return ""


def other_residual(suspect: Suspect) -> str:
    """Something else is added: the wrong branch."""
    for difference in _from_materials(suspect):
        fitting = [one for one in _materials(suspect, difference) if one[1].shape == difference.reference.shape]
        for name, material in fitting:
            for other, instead_of in fitting:
                if name != other and _is(difference.reference + material - instead_of, difference):
                    return f"{difference.what}: it adds {name} where the reference adds {other}"
    return ""


def not_processed(suspect: Suspect) -> str:
    """What was given is passed on as it is: a missing layer, activation or residual connection."""
    for difference in _from_materials(suspect):
        for name, material in _materials(suspect, difference):
            if not _is(material, difference):
                continue
            for activation, function in ACTIVATIONS.items():
                if explains(function(material, {}), difference.reference, difference.candidate):
                    return f"{difference.what}: a missing activation, the reference's is {activation} of {name}"
            return f"{difference.what}: it is {name} itself, the reference does something to it"
    return ""


def product_of_branches(suspect: Suspect) -> str:
    """Something is not multiplied by a branch, a gate say, or once too often."""
    for difference in _from_materials(suspect):
        for name, material in _materials(suspect, difference):
            if _multiplied(material, difference.candidate, difference.reference, difference.candidate):
                return f"{difference.what}: it is not multiplied by {name}"
            if _multiplied(material, difference.reference, difference.candidate, difference.reference):
                return f"{difference.what}: it is multiplied by {name}, and the reference's is not"
    return ""


def swapped_concatenation(suspect: Suspect) -> str:
    """The parts of a concatenation in another order."""
    for difference in () if suspect.is_leaf else _from_materials(suspect):
        a, b = difference.reference, difference.candidate
        if a.shape != b.shape or a.ndim < 2:
            continue
        materials = [material for _, material in _materials(suspect, difference)]
        added = [np.zeros(a.shape), *(material for material in materials if material.shape == a.shape)]
        for axis in range(1, a.ndim):
            parts = {material.shape[axis] for material in materials if material.ndim == a.ndim}
            for size in sorted(part for part in parts | {a.shape[axis] // 2} if 0 < part < a.shape[axis]):
                for shift, sum_with in product((size, -size), added):
                    if _is(np.roll(a - sum_with, shift, axis) + sum_with, difference):
                        return f"{difference.what}: the parts of a concatenation along axis {axis} are swapped"
    return ""


def glue_code(suspect: Suspect) -> str:
    """A container's own code differs in no way that has a name."""
    if suspect.is_leaf or suspect.quantity is not None or not any(suspect.situations):
        return ""
    where = f" ({suspect.differences[0].what})" if suspect.differences else ""
    return f"its own code between the calls of its children (order, concatenation, addition, reshaping) differs{where}"


HYPOTHESES = (
    swapped_arguments,
    swapped_concatenation,
    residual,
    not_processed,
    other_residual,
    product_of_branches,
)


def _from_materials(suspect: Suspect) -> Iterator[Difference]:
    """Differences in outputs or in what is handed on: floating arrays of one shape."""
    for difference in suspect.differences if suspect.quantity is None else ():
        same = difference.reference.shape == difference.candidate.shape
        if same and difference.reference.dtype.kind == difference.candidate.dtype.kind == "f":
            yield difference


def _materials(suspect: Suspect, difference: Difference) -> Iterator[Material]:
    """What the module had in its hands, in float64: its inputs and the answers of its children."""
    found = [(f"input {name}", array) for name, array in difference.inputs.items()]
    for call in suspect.calls:
        found += [(f"the answer of {call.key}", array) for array in call.outputs.values()]
    for name, array in found[:MOST_MATERIALS]:
        if array.dtype.kind == "f" and array.any():
            yield name, array.astype(np.float64)


def _is(array: np.ndarray, difference: Difference) -> bool:
    return explains(array, difference.candidate, difference.reference)


def _multiplied(material: np.ndarray, factor: np.ndarray, result: np.ndarray, other: np.ndarray) -> bool:
    try:
        shape = np.broadcast_shapes(material.shape, factor.shape)
    except ValueError:  # shapes that cannot be multiplied
        return False
    return shape == result.shape and explains(material * factor, result, other)


def _times(times: float, name: str) -> str:
    for value, words in ((-1, "does not add"), (1, "adds once too often"), (-2, "subtracts instead of adding")):
        if abs(times - value) < 1e-4:
            return f"it {words} {name}" + (" (a missing residual connection?)" if value == -1 else "")
    return f"{shown(float(f'{times:.6g}'))} times {name} is added, and the reference does not"
