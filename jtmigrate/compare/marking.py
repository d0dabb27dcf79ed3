"""Results that rest on sketches say so."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from jtmigrate.compare.estimates import is_sketched
from jtmigrate.compare.pairing import Runs
from jtmigrate.compare.result import DiffResult, LayerResult, ParameterResult, QuantityResult, Verdict
from jtmigrate.trace.record import Trace
from jtmigrate.trace.sketch import Sketch
from jtmigrate.trace.tiers import places

Result = TypeVar("Result", LayerResult, QuantityResult, ParameterResult)
ESTIMATED = "estimated"
ONLY_HASHES = "the bits differ, and hashes cannot say how far"
RECORD_AGAIN = "unknown: the traces do not hold its tensors; record both with --tier suspects --suspect"


def mark_estimates(result: DiffResult, runs: Runs) -> DiffResult:
    """The result with "estimated" in the reason of everything that was judged by sketches; itself if nothing was.

    What is identical by its hash is no estimate.
    """
    measured = _sketched_paths(runs)
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


def is_known_by_sketches(path: str, runs: Runs) -> bool:
    """Whether the runs lack tensors of a module."""
    return any(
        own == path and is_sketched(group[name]) for trace in _traces(runs) for own, group, name in places(trace)
    )


def _traces(runs: Runs) -> list[Trace]:
    return [trace for trace in runs if isinstance(trace, Trace)]


def _sketched_paths(runs: Runs) -> dict[str, bool]:
    """Paths of modules of which an array is a sketch; False where nothing but its hash is known."""
    found: dict[str, bool] = {}
    for path, group, name in (place for trace in _traces(runs) for place in places(trace)):
        array = group[name]
        if isinstance(array, Sketch):
            found[path] = found.get(path, True) and array.measured
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
