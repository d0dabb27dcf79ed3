"""What a result says in words: the sentences that all reports share."""

from typing import NamedTuple

from jtmigrate.compare.marking import ESTIMATED
from jtmigrate.compare.result import (
    Coverage,
    DiffResult,
    LayerResult,
    ParameterResult,
    QuantityResult,
    SettingDifference,
    Verdict,
)
from jtmigrate.compare.tolerance import smallest_tolerances
from jtmigrate.report.numbers import at_least, counted, layer_name, limit, scientific
from jtmigrate.report.rows import SEVERITY, count_words, poor_arithmetic, row_name, worst

MEANINGS: dict[Verdict, str] = {
    Verdict.IDENTICAL: "the same bits",
    Verdict.ALIGNED: "float32 error within the tolerance when fed the same input",
    Verdict.ROUNDING: "above the tolerance, but no more than rounding costs the reference itself",
    Verdict.MISMATCH: "computes something else, or the same thing with poor arithmetic",
    Verdict.UNCOMPARED: "no counterpart, never called, or not an array",
}
"""Each verdict in a line, from best to worst; docs/numerics.md has the rules."""


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


def compared(result: DiffResult) -> int:
    """Number of layers that have a verdict other than `uncompared`."""
    return len(result.layers) - result.counts[Verdict.UNCOMPARED]


def position(layer: LayerResult, result: DiffResult) -> int:
    """Place of a layer in the order of execution, from 1."""
    return 1 + sum(other.order < layer.order for other in result.layers)


def group_parameters(result: DiffResult) -> list[ParameterGroup]:
    """Parameters by verdict and reason, the most serious group first."""
    groups: dict[tuple[Verdict, str], list[ParameterResult]] = {}
    for parameter in result.parameters:
        groups.setdefault((parameter.verdict, parameter.reason), []).append(parameter)
    ordered = sorted(groups.items(), key=lambda item: SEVERITY.index(item[0][0]), reverse=True)
    return [ParameterGroup(verdict, reason, members) for (verdict, reason), members in ordered]


def fault_facts(result: DiffResult) -> list[str]:
    """What is known of the first fault besides its name: the likeliest cause, and the measurement behind it."""
    fault = result.first_fault
    if fault is None:
        return []
    facts = {"Likeliest cause": result.cause, "Measured": fault.reason}
    return [f"{label}: {fact}" for label, fact in facts.items() if fact]


def fault_code(result: DiffResult) -> list[tuple[str, str]]:
    """(side, "file:line") of the code of the module at fault, where it is known."""
    path = result.first_fault.path if result.first_fault else None
    sides = zip(("reference", "candidate"), result.sources.get(path, ("", "")), strict=True)
    return [(side, where) for side, where in sides if where]


def setting_words(difference: SettingDifference) -> str:
    """`backbone.bn: eps is 0.001 instead of 1e-05`."""
    where, setting = layer_name(difference.path), difference.setting
    return f"{where}: {setting} is {difference.candidate} instead of {difference.reference}"


def coverage_words(coverage: Coverage) -> str:
    """`modules 365 of 366 (99.7 %)`."""
    share = f" ({coverage.compared / coverage.total:.1%})".replace("%", " %") if coverage.total else ""
    return f"{coverage.sort} {coverage.compared:,} of {coverage.total:,}{share}"


def explanation(result: DiffResult) -> str:
    """The outcome in one or two plain sentences."""
    if result.aligned:
        return _explain_success(result)
    fault = result.first_fault
    if fault is None:
        return "The comparison does not show that the two models compute the same."
    if isinstance(fault, QuantityResult):
        return _explain_quantity(fault, result)
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
        parts[0] += f" ({count_words(result.layers)})"
    if result.quantities:
        parts.append(f"{counted(len(result.quantities), 'other quantity', 'other quantities')}")
        parts[-1] += f" ({count_words(result.quantities)})"
    listed = sum(layer.listed for layer in result.layers)
    if listed:
        parts.append(f"{listed} uncompared for a listed reason")
    if result.worst_propagated:
        parts.append(f"worst propagated float32 error {scientific(result.worst_propagated.propagated.scaled)}")
    if result.first_fault:
        parts.append(f"first fault {row_name(result.first_fault)}")
    return f"{verdict}: {'; '.join(parts)}"


def tolerance_words(result: DiffResult) -> str:
    """The tolerances in force, in one phrase."""
    allowed = result.tolerances
    return (
        f"{limit(allowed.float32)} in float32 isolated or {limit(allowed.floor_factor)} x the noise floor, "
        f"{limit(allowed.float64)} in float64"
    )


def smallest_tolerance_words(result: DiffResult) -> str:
    """The smallest tolerances that would have passed, or what none would let pass; "" where nothing was judged."""
    smallest = smallest_tolerances(result)
    if smallest.obstacle:
        return f"none would pass: {smallest.obstacle}"
    words = {"float32": smallest.float32, "float64": smallest.float64}
    told = ", ".join(f"{at_least(error)} in {precision}" for precision, error in words.items() if error is not None)
    return f"{told} (0: the noise floor alone excuses every error)" if smallest.float32 == 0 else told


def _explain_quantity(fault: QuantityResult, result: DiffResult) -> str:
    before = "The outputs of all layers agree. " if result.layers else ""
    step = "" if fault.step is None else f" of training step {fault.step}"
    of = f" of {layer_name(fault.name)}"
    if poor_arithmetic(fault, result):
        return (
            f"{before}The {fault.kind}{of}{step} agrees in float64, but is less precise than it should be in float32."
        )
    return f"{before}The two models part at the {fault.kind}{of}{step}."


def _explain_success(result: DiffResult) -> str:
    number = compared(result)
    rows = (*result.layers, *result.quantities)
    left_out = len(result.layers) - number
    if sum(row.verdict is Verdict.IDENTICAL for row in rows) == len(rows) - left_out:
        outcome = "has the same bits in both models"
    elif worst(rows, "float64"):
        outcome = "computes the same in both models; what is left between them is rounding"
    else:
        outcome = "agrees within the tolerance"
    others = (
        f" and {counted(len(result.quantities), 'other quantity', 'other quantities')}" if result.quantities else ""
    )
    sentence = f"Every one of the {counted(number, 'layer')}{others} compared {outcome}."
    return f"{sentence} {counted(left_out, 'layer')} left out for a listed reason." if left_out else sentence
