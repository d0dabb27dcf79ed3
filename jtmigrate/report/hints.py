"""What to try next after a failure: deduced from the result, most promising first."""

from jtmigrate.compare.causes.precision import FLOAT32_AGREES
from jtmigrate.compare.causes.settings import RANDOM
from jtmigrate.compare.result import DiffResult, LayerResult, Quantity, QuantityResult, Verdict
from jtmigrate.report.numbers import counted, layer_name
from jtmigrate.report.rows import inherits, poor_arithmetic, row_name
from jtmigrate.report.summary import setting_words

LOOK_AT: dict[Quantity, str] = {
    Quantity.ACTIVATION_GRADIENT: "a branch that is detached or stopped, an operation in place, a backward pass of its "
    "own, a value that is used twice",
    Quantity.PARAMETER_GRADIENT: "whether it is trained on both sides, whether the module is called as often, a "
    "backward pass of its own",
    Quantity.BUFFER: "momentum and its convention, biased or unbiased variance, training or evaluation mode",
    Quantity.LOSS: "the weights of its terms, mean or sum, what it is divided by, which elements are left out",
    Quantity.CLIP_NORM: "which parameters are clipped, which norm it is, whether it is taken before or after scaling",
    Quantity.LEARNING_RATE: "the schedule, its warm-up, and whether it is stepped before or after the optimizer",
    Quantity.OPTION: "how the optimizers are constructed: betas, eps, weight decay, and the groups of parameters",
    Quantity.UPDATE: "where eps is added, bias correction, decay decoupled or not, Nesterov or not",
    Quantity.MOMENT: "betas, dampening, what a moment starts from, and when gradients are cleared",
}
"""What each quantity usually goes wrong by."""

ADVICE = {
    FLOAT32_AGREES: "Find the constant or the step of {where} that stays in float32: Python numbers enter float64 "
    "expressions as float32 in Jittor, unless they go through jtmigrate.parity.functional.scalar.",
    RANDOM: "Make {where} drop nothing on either side, and run again: no two frameworks draw the same random numbers.",
}
"""How a cause begins -> what to do about it, where the usual look at such a place would miss it."""


def hints(result: DiffResult) -> list[str]:
    """Next steps in the order in which to try them; empty for an aligned run."""
    if result.aligned:
        return []
    steps = (
        _load_weights,
        _construct_alike,
        _examine_fault,
        _leave_inherited,
        _account_for_uncompared,
        _explain_nonfinite,
    )
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


def _construct_alike(result: DiffResult) -> str:
    if not result.settings:
        return ""
    at_fault = [one for one in result.settings if result.first_fault and one.path == result.first_fault.path]
    first = (at_fault or list(result.settings))[0]
    number = counted(len(result.settings), "setting differs", "settings differ")
    return f"Construct the modules alike: {number}, beginning with {setting_words(first)}."


def _examine_fault(result: DiffResult) -> str:
    fault = result.first_fault
    if fault is None:
        return ""
    name = row_name(fault)
    if advice := next((words for start, words in ADVICE.items() if result.cause.startswith(start)), ""):
        return advice.format(where=f"{name} ({fault.kind})" if isinstance(fault, LayerResult) else f"the {name}")
    if poor_arithmetic(fault, result):
        return (
            f"Find where {name} ({fault.kind}) loses precision in float32: a variance computed as E[x^2] - E[x]^2, a "
            "detour through float16, a long sum in a single accumulator."
        )
    if isinstance(fault, QuantityResult):
        return _examine_quantity(fault)
    if fault.is_leaf:
        return (
            f"Compare how {name} ({fault.kind}) is constructed on both sides: stride, padding and what it pads with, "
            "eps, momentum, slope, bias, align_corners."
        )
    return (
        f"Read the forward code of {name} ({fault.kind}) itself, not its children: the order of a concatenation, a "
        "residual addition, a reshape, a child called twice or not at all."
    )


def _examine_quantity(fault: QuantityResult) -> str:
    where = f" ({layer_name(fault.path)})" if fault.path and fault.path != fault.name else ""
    return f"Compare what makes the {row_name(fault)}{where} on both sides: {LOOK_AT[fault.quantity]}."


def _leave_inherited(result: DiffResult) -> str:
    rows = [row for row in (*result.layers, *result.quantities) if inherits(row, result)]
    if not rows:
        return ""
    those = counted(len(rows), "other mismatch", "other mismatches")
    if all(isinstance(row, LayerResult) for row in rows):
        return f"Leave the {those} alone for now: fed the reference's input, each of them is in order."
    return f"Leave the {those} alone for now: none is shown to be wrong by itself."


def _account_for_uncompared(result: DiffResult) -> str:
    rows = (*result.layers, *result.quantities)
    names = [row_name(one) for one in rows if one.verdict is Verdict.UNCOMPARED and not one.listed]
    parameters = [one.name for one in result.parameters if one.verdict is Verdict.UNCOMPARED and not one.listed]
    missing = names + parameters
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
