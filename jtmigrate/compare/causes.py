"""The likeliest cause of a fault in one sentence.

Each hypothesis is one small function that returns its sentence, or "" where it does not fit; the first that fits is
told. To add one, write it and put it in its place in `HYPOTHESES`.
"""

from collections.abc import Callable
from typing import NamedTuple

from jtmigrate.compare.pairing import Situations
from jtmigrate.compare.result import LayerResult, ParameterResult, Tolerances, Verdict
from jtmigrate.compare.verdict import different_in_kind


class Suspect(NamedTuple):
    """The layer at fault and what is known about it; `parameters` are its own, not its children's."""

    layer: LayerResult
    situations: Situations
    parameters: tuple[ParameterResult, ...]
    tolerances: Tolerances


def likeliest_cause(suspect: Suspect) -> str:
    """The first hypothesis that fits."""
    return next(filter(None, (hypothesis(suspect) for hypothesis in HYPOTHESES)))


def parameter_differs(suspect: Suspect) -> str:
    """A wrong parameter explains everything that its layer does wrong."""
    wrong = [parameter for parameter in suspect.parameters if parameter.verdict is Verdict.MISMATCH]
    if not wrong:
        return ""
    first, *others = wrong
    more = f" (and {len(others)} more of this layer)" if others else ""
    return f"its parameter {first.name} {_says(first.reason)}{more}"


def calls_other_children(suspect: Suspect) -> str:
    """An isolated replay that could not be carried through says why itself."""
    isolated = suspect.situations.isolated
    return f"its own code {isolated.failure}" if isolated is not None and isolated.failure else ""


def another_kind_of_array(suspect: Suspect) -> str:
    """Shape, dtype, NaN and infinity are no matter of degree."""
    situations = suspect.situations
    for record in (situations.isolated, situations.candidate32):
        for name, array in record.outputs.items() if record is not None and situations.reference32 else ():
            if reason := different_in_kind(situations.reference32.outputs.get(name), array):
                return f"from the same inputs it returns {reason}" if record is situations.isolated else reason
    return ""


def numerically_poor(suspect: Suspect) -> str:
    """Right in float64 but wrong in float32: the formula cancels, overflows or sums badly."""
    layer = suspect.layer
    if layer.float64 is None or layer.float64.scaled > suspect.tolerances.float64:
        return ""
    return "the same mathematics in a numerically poor form: float64 agrees, float32 loses digits (cancellation?)"


def lower_precision(suspect: Suspect) -> str:
    """Right in float32 and nearly so in float64: a constant or a step stays in float32."""
    layer = suspect.layer
    if layer.own_fault or layer.float64 is None or layer.float64.scaled > FLOAT32_ROUNDING:
        return ""
    return "float32 agrees and float64 nearly so: a constant or a step of it stays in float32"


def glue_code(suspect: Suspect) -> str:
    """Children are replaced by the reference's answers in isolation: what is left is the container's own code."""
    if suspect.layer.is_leaf:
        return ""
    return "its own code between the calls of its children (order, concatenation, addition, reshaping) differs"


def other_computation(_: Suspect) -> str:
    """What is left when nothing else fits."""
    return "it computes something else from the same inputs: compare its definition and its settings"


FLOAT32_ROUNDING = 1e-6
HYPOTHESES: tuple[Callable[[Suspect], str], ...] = (
    parameter_differs,
    calls_other_children,
    another_kind_of_array,
    numerically_poor,
    lower_precision,
    glue_code,
    other_computation,
)


def _says(reason: str) -> str:
    return reason if reason.startswith("differs") else f"has {reason}"
