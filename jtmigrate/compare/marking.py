"""Results that rest on sketches say so."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from jtmigrate.compare.estimates import is_sketched
from jtmigrate.compare.pairing import Runs
from jtmigrate.compare.result import DiffResult, LayerResult, ParameterResult, QuantityResult, Verdict
from jtmigrate.trace.record import Trace
from jtmigrate.trace.sketch import Sketch

Result = TypeVar("Result", LayerResult, QuantityResult, ParameterResult)
ESTIMATED = "estimated"
ONLY_HASHES = "the bits differ, and hashes cannot say how far"
RECORD_AGAIN = "unknown: the traces do not hold its tensors; record both with --tier suspects --suspect"


def mark_estimates(result: DiffResult, runs: Runs) -> DiffResult:
    """The result with "estimated" in the reason of everything that was judged by sketches; itself if nothing was.

    What is identical by its hash is no estimate.
    """
    measured = _sketched_paths(trace for trace in runs if trace is not None)
    if not measured:
        return result
    layers = tuple(_marked(layer, layer.path, measured) for layer in result.layers)
    quantities = tuple(_marked(quantity, quantity.path, measured) for quantity in result.quantities)
    parameters = tuple(_marked(each, each.name.rpartition(".")[0], measured) for each in result.parameters)
    fault, cause = result.first_fault, result.cause
    if fault is not None and fault.path in measured:
        fault, cause = _marked(fault, fault.path, measured), f"{RECORD_AGAIN} {fault.path}"
    number = sum(layer.reason.startswith(ESTIMATED) for layer in layers)
    warning = (
        f"estimated: {number} of {len(layers)} layers are judged by samples and sums of their tensors or by hashes; "
        "a few wrong elements of a large tensor can hide (traces of --tier everything leave nothing to estimate)"
    )
    return replace(
        result,
        layers=layers,
        quantities=quantities,
        parameters=parameters,
        first_fault=fault,
        cause=cause,
        warnings=(*result.warnings, warning),
        meta={**result.meta, ESTIMATED: number},
    )


def _sketched_paths(traces: Iterable[Trace]) -> dict[str, bool]:
    """Paths of modules of which an array is a sketch; False where nothing but its hash is known."""
    found: dict[str, bool] = {}

    def look(path: str, arrays: Mapping[str, object]) -> None:
        for array in arrays.values():
            if is_sketched(array):
                found[path] = found.get(path, True) and isinstance(array, Sketch) and array.measured

    for trace in traces:
        for group in (trace.state, trace.buffers, trace.gradients):
            for name, array in group.items():
                look(name.rpartition(".")[0], {name: array})
        for record in trace.layers:
            for group in (record.inputs, record.outputs, record.gradients, record.handed, record.pullback):
                look(record.path, group)
    return found


def _marked(result: Result, path: str, measured: Mapping[str, bool]) -> Result:
    if path not in measured or result.verdict in (Verdict.IDENTICAL, Verdict.UNCOMPARED):
        return result
    reason = result.reason
    if not measured[path] and (math.isinf(_largest(result)) or "inf of its maximum" in reason):
        reason = ONLY_HASHES
    return replace(result, reason=f"{ESTIMATED}: {reason}" if reason else ESTIMATED)


def _largest(result: Result) -> float:
    errors = [getattr(result, name, None) for name in ("isolated", "propagated", "float64")]
    return max((error.scaled for error in errors if error is not None), default=0.0)
