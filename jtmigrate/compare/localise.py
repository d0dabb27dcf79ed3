"""The first layer at fault, not the first that shows somebody else's."""

from collections.abc import Sequence

from jtmigrate.compare import metrics
from jtmigrate.compare.pairing import Runs
from jtmigrate.compare.result import LayerResult, Quantity, QuantityResult, Tolerances, Verdict
from jtmigrate.compare.verdict import different_in_kind
from jtmigrate.trace.record import LayerRecord
from jtmigrate.trace.structure import matching_slots


def first_fault_of(quantities: Sequence[QuantityResult]) -> QuantityResult | None:
    """The quantity to look at where all layers are in order; None if none is a mismatch.

    A buffer or a gradient that a layer gets wrong alone comes before one that may inherit its error, and of the
    gradients the one nearest to the loss, because a backward pass starts there. In training the first step counts, and
    in it the first thing that a step computes.
    """
    mismatches = [quantity for quantity in quantities if quantity.verdict is Verdict.MISMATCH]
    return min(mismatches, key=_precedence, default=None)


def _precedence(row: QuantityResult) -> tuple:
    backward = row.quantity in (Quantity.ACTIVATION_GRADIENT, Quantity.PARAMETER_GRADIENT)
    step = -1 if row.step is None else row.step
    within = STEP_ORDER.index(row.quantity) if row.step is not None else 0
    return step, not row.own_fault if row.step is None else False, within, -row.order if backward else row.order


STEP_ORDER = (
    Quantity.LOSS,
    Quantity.ACTIVATION_GRADIENT,
    Quantity.PARAMETER_GRADIENT,
    Quantity.BUFFER,
    Quantity.CLIP_NORM,
    Quantity.LEARNING_RATE,
    Quantity.OPTION,
    Quantity.MOMENT,
    Quantity.UPDATE,
)
"""What a training step computes, in its order; of the optimizer's work, causes before effects."""


def first_fault(layers: Sequence[LayerResult], runs: Runs, tolerances: Tolerances) -> LayerResult | None:
    """The layer to look at; None if no layer is a mismatch.

    In this order: the earliest that fails alone, on the reference's own inputs; the earliest that turns inputs which
    still agree into outputs which do not; the earliest mismatch. A container finishes after its children, so it is
    named only where they are innocent, and the innocent layer after it has inputs that differ already.
    """
    mismatches = [layer for layer in layers if layer.verdict is Verdict.MISMATCH]
    own = (layer for layer in mismatches if layer.own_fault)
    sources = (layer for layer in mismatches if _inputs_agree(layer, runs, tolerances))
    return next(own, None) or next(sources, None) or next(iter(mismatches), None)


def _inputs_agree(layer: LayerResult, runs: Runs, tolerances: Tolerances) -> bool:
    """Whether the candidate's whole run gave this layer what the reference's did; judged in float64 where possible."""
    if runs.reference64 and runs.candidate64:
        reference, candidate, tolerance = runs.reference64, runs.candidate64, tolerances.float64
    elif runs.reference32 and runs.candidate32:
        reference, candidate, tolerance = runs.reference32, runs.candidate32, tolerances.float32
    else:
        return False
    if layer.key not in reference.by_key or layer.key not in candidate.by_key:
        return False
    return _agree(reference.by_key[layer.key], candidate.by_key[layer.key], tolerance)


def _agree(reference: LayerRecord, candidate: LayerRecord, tolerance: float) -> bool:
    return all(
        array is not None
        and not different_in_kind(expected, array)
        and metrics.tensor_error(expected, array).scaled <= tolerance
        for _, expected, array in matching_slots(reference.inputs, candidate.inputs)
    )
