"""What a result says in words: the sentences and selections that all four reports share."""

import math
from collections.abc import Iterable
from typing import Literal, NamedTuple

from jtmigrate.compare.marking import ESTIMATED
from jtmigrate.compare.result import DiffResult, LayerResult, ParameterResult, TensorError, Verdict
from jtmigrate.report.numbers import counted, layer_name, limit, scientific

Situation = Literal["propagated", "isolated", "float64"]

MEANINGS: dict[Verdict, str] = {
    Verdict.IDENTICAL: "the same bits",
    Verdict.ALIGNED: "float32 error within the tolerance when fed the same input",
    Verdict.ROUNDING: "above the tolerance, but no more than rounding costs the reference itself",
    Verdict.MISMATCH: "computes something else, or the same thing with poor arithmetic",
    Verdict.UNCOMPARED: "no counterpart, never called, or not an array",
}
"""Each verdict in a line, from best to worst; docs/numerics.md has the rules."""

SEVERITY: tuple[Verdict, ...] = (
    Verdict.IDENTICAL,
    Verdict.ALIGNED,
    Verdict.ROUNDING,
    Verdict.UNCOMPARED,
    Verdict.MISMATCH,
)
"""From the best verdict to the worst: a group of layers is as good as its worst member."""

WORST_SHOWN = 5


class Selection(NamedTuple):
    """The layers worth printing, and how many were left out: only inheriting an error, and in good order."""

    shown: list[LayerResult]
    hidden_inherited: int
    hidden_good: int


class ParameterGroup(NamedTuple):
    """Parameters that share a verdict and the reason for it."""

    verdict: Verdict
    reason: str
    members: list[ParameterResult]


def title(result: DiffResult) -> str:
    """What was compared: the title given with the run, else its two sides."""
    named = result.meta.get("title") or " and ".join(
        str(result.meta[side]) for side in ("candidate", "reference") if result.meta.get(side)
    )
    return str(named or "Two models")


def reference_name(result: DiffResult) -> str:
    return str(result.meta.get("reference") or "the reference")


def candidate_name(result: DiffResult) -> str:
    return str(result.meta.get("candidate") or "the candidate")


def scaled(layer: LayerResult, situation: Situation) -> float | None:
    """Scaled error of a layer in one situation, None where that was not run."""
    error: TensorError | None = getattr(layer, situation)
    return None if error is None else error.scaled


def worst(result: DiffResult, situation: Situation) -> LayerResult | None:
    """Layer with the largest scaled error in a situation; None if nothing was measured in it.

    Layers below resolution are left out of float32, where they are not judged.
    """
    measured = [
        layer
        for layer in result.layers
        if getattr(layer, situation) and (situation == "float64" or not layer.below_resolution)
    ]
    return max(measured, key=lambda layer: _magnitude(scaled(layer, situation)), default=None)


def compared(result: DiffResult) -> int:
    """Number of layers that have a verdict other than `uncompared`."""
    return len(result.layers) - result.counts[Verdict.UNCOMPARED]


def position(layer: LayerResult, result: DiffResult) -> int:
    """Place of a layer in the order of execution, from 1."""
    return 1 + sum(other.order < layer.order for other in result.layers)


def poor_arithmetic(layer: LayerResult, result: DiffResult) -> bool:
    """Whether a fault exists in float32 only: the same computation, carried out less precisely."""
    return layer.own_fault and layer.float64 is not None and layer.float64.scaled <= result.tolerances.float64


def inherits(layer: LayerResult, result: DiffResult) -> bool:
    """Whether a mismatch merely passes on an earlier one: alone, on the reference's input, the layer is in order."""
    fault = result.first_fault
    comes_later = fault is not None and layer.order > fault.order
    in_order_alone = layer.isolated is not None and not layer.own_fault
    return comes_later and layer.verdict is Verdict.MISMATCH and in_order_alone


def select_notable(result: DiffResult) -> Selection:
    """Every layer that asks for attention, in order, and the worst few of the others.

    After one wrong layer, all that follow differ. Those that are in order by themselves are only counted:
    three hundred red lines would hide the one that matters.
    """
    inherited = [layer for layer in result.layers if inherits(layer, result)]
    good = [layer for layer in result.layers if _is_good(layer)]
    shown_good = worst_first(good, result)[:WORST_SHOWN]
    left_out = {id(layer) for layer in inherited + good} - {id(layer) for layer in shown_good}
    shown = [layer for layer in result.layers if id(layer) not in left_out]
    return Selection(in_order(shown), len(inherited), len(good) - len(shown_good))


def in_order(layers: Iterable[LayerResult]) -> list[LayerResult]:
    """Layers in order of execution."""
    return sorted(layers, key=lambda layer: layer.order)


def worst_first(layers: Iterable[LayerResult], result: DiffResult) -> list[LayerResult]:
    """The most serious layers first: by verdict, own faults before inherited ones, then by error."""

    def seriousness(layer: LayerResult) -> tuple[int, bool, float]:
        error = scaled(layer, "isolated") if layer.isolated else scaled(layer, "propagated")
        return SEVERITY.index(layer.verdict), not inherits(layer, result), _magnitude(error)

    return sorted(layers, key=seriousness, reverse=True)


def group_parameters(result: DiffResult) -> list[ParameterGroup]:
    """Parameters by verdict and reason, the most serious group first."""
    groups: dict[tuple[Verdict, str], list[ParameterResult]] = {}
    for parameter in result.parameters:
        groups.setdefault((parameter.verdict, parameter.reason), []).append(parameter)
    ordered = sorted(groups.items(), key=lambda item: SEVERITY.index(item[0][0]), reverse=True)
    return [ParameterGroup(verdict, reason, members) for (verdict, reason), members in ordered]


def remarks(layer: LayerResult, result: DiffResult) -> list[str]:
    """What the verdict alone does not say about a layer."""
    facts = {
        "inherited": inherits(layer, result),
        "listed": layer.listed,
        "below resolution": layer.below_resolution,
        "not finite": layer.nonfinite,
    }
    return [remark for remark, holds in facts.items() if holds]


def fault_facts(result: DiffResult) -> list[str]:
    """What is known of the first fault besides its name: the likeliest cause, and the measurement behind it."""
    fault = result.first_fault
    if fault is None:
        return []
    facts = {"Likeliest cause": result.cause, "Measured": fault.reason}
    return [f"{label}: {fact}" for label, fact in facts.items() if fact]


def count_words(result: DiffResult) -> str:
    """`213 identical, 178 aligned`: the verdicts that occur, the worst first."""
    counts = result.counts
    return ", ".join(f"{counts[verdict]:,} {verdict.value}" for verdict in reversed(SEVERITY) if counts[verdict])


def explanation(result: DiffResult) -> str:
    """The outcome in one or two plain sentences."""
    if result.aligned:
        return _explain_success(result)
    fault = result.first_fault
    if fault is None:
        return "The comparison does not show that the two models compute the same."
    where = f"layer {position(fault, result):,} of {len(result.layers):,}"
    if poor_arithmetic(fault, result):
        return (
            f"{layer_name(fault.key)} ({fault.kind}, {where}) is the first at fault: the same computation in float64, "
            "but less precise than it should be in float32."
        )
    return f"The two models part at {layer_name(fault.key)} ({fault.kind}, {where})."


def verdict_line(result: DiffResult) -> str:
    """The whole outcome on one line, for the end of a log."""
    verdict = "ALIGNED" if result.aligned else "NOT ALIGNED"
    if result.meta.get(ESTIMATED):
        verdict += f" ({ESTIMATED})"
    parts = [f"{counted(compared(result), 'layer')} compared"]
    if result.layers:
        parts[0] += f" ({count_words(result)})"
    listed = sum(layer.listed for layer in result.layers)
    if listed:
        parts.append(f"{listed} uncompared for a listed reason")
    if result.worst_propagated:
        parts.append(f"worst propagated float32 error {scientific(result.worst_propagated.propagated.scaled)}")
    if result.first_fault:
        parts.append(f"first fault {layer_name(result.first_fault.key)}")
    return f"{verdict}: {'; '.join(parts)}"


def tolerance_words(result: DiffResult) -> str:
    """The tolerances in force, in one phrase."""
    allowed = result.tolerances
    return (
        f"{limit(allowed.float32)} in float32 isolated or {limit(allowed.floor_factor)} x the noise floor, "
        f"{limit(allowed.float64)} in float64"
    )


def _explain_success(result: DiffResult) -> str:
    number = compared(result)
    if result.counts[Verdict.IDENTICAL] == number:
        outcome = "has the same bits in both models"
    elif worst(result, "float64"):
        outcome = "computes the same in both models; what is left between them is rounding"
    else:
        outcome = "agrees within the tolerance"
    sentence = f"Every one of the {counted(number, 'layer')} compared {outcome}."
    left_out = len(result.layers) - number
    return f"{sentence} {counted(left_out, 'layer')} left out for a listed reason." if left_out else sentence


def _is_good(layer: LayerResult) -> bool:
    return layer.verdict in (Verdict.IDENTICAL, Verdict.ALIGNED) and not layer.nonfinite


def _magnitude(error: float | None) -> float:
    """A sort key in which NaN is the worst and an unmeasured error the least."""
    if error is None:
        return -1.0
    return math.inf if math.isnan(error) else error
