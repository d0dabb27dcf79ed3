"""Whose backward pass makes a gradient that only the float64 runs show to be wrong.

In float32 every layer's backward pass runs alone, and a fault in it is its own. In float64 there are whole runs only,
and what they show is the gradient by a layer's output: that is made by whoever takes the output, not by the layer.
"""

from collections.abc import Sequence
from dataclasses import replace

from jtmigrate.compare import metrics
from jtmigrate.compare.pairing import Runs
from jtmigrate.compare.result import Quantity, QuantityResult, Verdict
from jtmigrate.trace.record import Arrays, LayerRecord


def name_makers(rows: Sequence[QuantityResult], runs: Runs) -> tuple[QuantityResult, ...]:
    """The rows, with the maker of the wrong activation gradient that is nearest to the loss a mismatch too.

    Nothing changes where a layer's backward pass is wrong alone, in float32: then it is known.
    """
    gradients = [row for row in rows if row.quantity is Quantity.ACTIVATION_GRADIENT and row.step is None]
    wrong = [row for row in gradients if row.verdict is Verdict.MISMATCH]
    if not wrong or runs.alone is None or any(row.own_fault for row in wrong):
        return tuple(rows)
    nearest = max(wrong, key=lambda row: row.order)
    maker = _maker(runs.reference.by_key[nearest.name], runs)
    return tuple(_blamed(row, nearest) if row in gradients and row.name == maker else row for row in rows)


def _blamed(row: QuantityResult, wrong: QuantityResult) -> QuantityResult:
    if row.verdict is Verdict.MISMATCH:
        return row
    reason = f"the gradient that it hands back to {wrong.name} is {wrong.reason}"
    return replace(row, verdict=Verdict.MISMATCH, reason=reason, float64=wrong.float64)


def _maker(giver: LayerRecord, runs: Runs) -> str | None:
    """Key of the one leaf that takes what a call returned; of the call that it is made from if that is not one leaf."""
    takers = []
    for call in runs.reference.layers:
        if call.is_leaf and call.key != giver.key and _holds(call.inputs, giver):
            takers.append(call.key)
            if _holds(call.outputs, giver):
                break  # later ones may have it from here
    return takers[0] if len(takers) == 1 else giver.parent


def _holds(arrays: Arrays, giver: LayerRecord) -> bool:
    """Whether something that a call returned is among them."""
    return any(
        array.shape == own.shape and metrics.same_bits(array, own)
        for array in arrays.values()
        for own in giver.outputs.values()
    )
