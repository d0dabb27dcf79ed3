"""What to try next after a failure: deduced from the result, most promising first."""

from jtmigrate.compare.result import DiffResult, Verdict
from jtmigrate.report.numbers import counted, layer_name
from jtmigrate.report.summary import inherits, poor_arithmetic


def hints(result: DiffResult) -> list[str]:
    """Next steps in the order in which to try them; empty for an aligned run."""
    if result.aligned:
        return []
    steps = (_load_weights, _examine_fault, _leave_inherited, _account_for_uncompared, _explain_nonfinite)
    return [
        *filter(None, (step(result) for step in steps)),
        "Run again after every change: the first fault has moved further down, or is gone.",
    ]


def _load_weights(result: DiffResult) -> str:
    wrong = [parameter for parameter in result.parameters if parameter.verdict is Verdict.MISMATCH]
    if not wrong:
        return ""
    return (
        f"Load the same weights first: {counted(len(wrong), 'parameter or buffer', 'parameters and buffers')} not "
        f"equal, beginning with {wrong[0].name}. A layer cannot agree while its parameters do not."
    )


def _examine_fault(result: DiffResult) -> str:
    fault = result.first_fault
    if fault is None:
        return ""
    name = layer_name(fault.key)
    if poor_arithmetic(fault, result):
        return (
            f"Find where {name} ({fault.kind}) loses precision in float32: a variance computed as E[x^2] - E[x]^2, a "
            "detour through float16, a long sum in a single accumulator."
        )
    if fault.is_leaf:
        return (
            f"Compare how {name} ({fault.kind}) is constructed on both sides: stride, padding and what it pads with, "
            "eps, momentum, slope, bias, align_corners."
        )
    return (
        f"Read the forward code of {name} ({fault.kind}) itself, not its children: the order of a concatenation, a "
        "residual addition, a reshape, a child called twice or not at all."
    )


def _leave_inherited(result: DiffResult) -> str:
    inherited = sum(inherits(layer, result) for layer in result.layers)
    if not inherited:
        return ""
    those = counted(inherited, "other mismatch", "other mismatches")
    return f"Leave the {those} alone for now: fed the reference's input, each of them is in order."


def _account_for_uncompared(result: DiffResult) -> str:
    layers = [layer_name(one.key) for one in result.layers if one.verdict is Verdict.UNCOMPARED and not one.listed]
    parameters = [one.name for one in result.parameters if one.verdict is Verdict.UNCOMPARED and not one.listed]
    missing = layers + parameters
    if not missing:
        return ""
    return (
        f"Account for what was not compared ({counted(len(missing), 'name')}, beginning with {missing[0]}): give each "
        "a counterpart of the same path, or list its path and a reason in the file that --except names."
    )


def _explain_nonfinite(result: DiffResult) -> str:
    layers = [layer_name(layer.key) for layer in result.layers if layer.nonfinite]
    if not layers:
        return ""
    return (
        f"Find out why the reference itself is NaN or infinite, first in {layers[0]}: another input may avoid it. "
        "Where it is meant to be so, --allow-nonfinite accepts it at the same places on both sides."
    )
