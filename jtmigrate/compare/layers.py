"""Every call compared: one `LayerResult` each."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from jtmigrate.compare import metrics
from jtmigrate.compare.decisions import Margin, close_calls, excuse, excused
from jtmigrate.compare.members import incomparable, judge_members
from jtmigrate.compare.pairing import Exceptions, Runs, Situations, outputs_by_name, reason_for
from jtmigrate.compare.result import LayerResult, TensorError, Tolerances, Verdict
from jtmigrate.compare.verdict import Evidence, Judgement, judge, worst
from jtmigrate.trace.record import LayerRecord, Trace
from jtmigrate.trace.structure import matching_slots, plain_members

NO_MARGINS: Mapping[str, Margin] = MappingProxyType({})


class Rules(NamedTuple):
    """What layers are judged by; `largest` is the largest magnitude among the reference's activations."""

    tolerances: Tolerances
    exceptions: Exceptions
    largest: float
    margins: Mapping[str, Margin]


def compare_layers(
    runs: Runs, tolerances: Tolerances, exceptions: Exceptions, margins: Mapping[str, Margin] = NO_MARGINS
) -> tuple[LayerResult, ...]:
    """All calls of the reference in the order in which they finished, then what has no counterpart."""
    rules = Rules(tolerances, exceptions, _largest_activation(runs.reference), margins)
    results = [compare_layer(order, situations, runs, rules) for order, situations in enumerate(runs.pairs())]
    for key, why in runs.without_counterpart():
        listed = reason_for(key.partition("#")[0], exceptions)
        missing = LayerResult(key, "", True, len(results), (), verdict=Verdict.UNCOMPARED, reason=why)
        results.append(_uncompared(missing, listed))
    return tuple(results)


def compare_layer(order: int, situations: Situations, runs: Runs, rules: Rules) -> LayerResult:
    """One call in all situations. The verdict is that of its worst array; so is the error in each situation."""
    record = situations.reference
    judgements = [*_judgements(situations, runs, rules), *judge_members(situations, rules.tolerances)]
    worst_one = worst(judgements)
    decisive = max(judgements, key=lambda each: metrics.magnitude(each.isolated or each.propagated), default=None)
    propagated = metrics.largest_error(judgement.propagated for judgement in judgements)
    isolated = metrics.largest_error(judgement.isolated for judgement in judgements)
    broken = _broken(situations, runs)
    result = LayerResult(
        key=record.key,
        kind=record.kind,
        is_leaf=record.is_leaf,
        order=order,
        shape=next((array.shape for array in record.outputs.values()), ()),
        verdict=Verdict.MISMATCH if broken else worst_one.verdict if worst_one else Verdict.UNCOMPARED,
        reason=broken or (worst_one.reason if worst_one else "returns no array"),
        propagated=propagated,
        isolated=isolated,
        float64=metrics.largest_error(judgement.float64 for judgement in judgements),
        floor=decisive.floor if decisive else None,
        below_resolution=any(judgement.below_resolution for judgement in judgements),
        own_fault=situations.isolated is not None and (bool(broken) or any(j.own_fault for j in judgements)),
        nonfinite=any(judgement.nonfinite for judgement in judgements),
        amplification=_amplification(situations, propagated),
        inherited=_inherited(propagated, isolated),
    )
    why = _why_uncompared(situations, runs) or incomparable(situations) or _holds_nothing(record)
    if result.verdict is Verdict.MISMATCH or not (why or worst_one is None):
        return result
    unverified = replace(result, verdict=Verdict.UNCOMPARED, reason=why or result.reason)
    return _uncompared(unverified, reason_for(record.path, rules.exceptions))


def _judgements(situations: Situations, runs: Runs, rules: Rules) -> Iterator[Judgement]:
    margin = rules.margins.get(situations.reference.path)
    calls = close_calls(margin, situations.reference32, situations.reference64, rules.tolerances.floor_factor)
    for evidence in _evidence(situations, runs):
        agreed, flips = excuse(evidence, calls)
        yield excused(judge(agreed, rules.tolerances, rules.largest), flips, calls)


def _amplification(situations: Situations, output: TensorError | None) -> float | None:
    """How much larger a layer's output error is than its input's, in the whole float32 run."""
    reference, candidate = situations.reference32, situations.candidate32
    if output is None or reference is None or candidate is None:
        return None
    entering = max(
        (metrics.scaled_error(a, b) for _, a, b in matching_slots(reference.inputs, candidate.inputs)), default=0.0
    )
    return output.scaled / entering if entering and output.scaled else None


def _inherited(propagated: TensorError | None, isolated: TensorError | None) -> float | None:
    """The share of the whole run's error that the layer alone does not make."""
    if propagated is None or isolated is None or not propagated.scaled:
        return None
    return max(0.0, 1 - isolated.scaled / propagated.scaled)


def _uncompared(result: LayerResult, listed: str | None) -> LayerResult:
    return result if listed is None else replace(result, reason=f"{result.reason}; listed: {listed}", listed=True)


def _largest_activation(trace: Trace) -> float:
    return max((metrics.scale(array) for layer in trace.layers for array in layer.outputs.values()), default=0.0)


def _evidence(situations: Situations, runs: Runs) -> Iterator[Evidence]:
    """The arrays that a layer returned, and those that it handed to its children when it ran alone."""
    reference = situations.reference
    columns = [outputs_by_name(reference, record) for record in situations]
    for name in reference.outputs:
        reference32, reference64, *candidate = (column.get(name) for column in columns)
        if any(array is not None for array in candidate):
            label = f"output {name}" if len(reference.outputs) > 1 else ""
            yield Evidence(label, reference32, reference64, *candidate)
    if situations.isolated is not None:
        for call in _calls_of(situations, runs):
            exact = runs.reference64.by_key.get(call.key) if runs.reference64 else None
            for slot, array, handed in matching_slots(call.inputs, situations.isolated.handed_to(call)):
                if handed is not None:
                    yield Evidence(
                        name=f"what it hands to {call.key}",
                        reference32=array,
                        reference64=exact.inputs.get(slot) if exact else None,
                        isolated=handed,
                    )


def _calls_of(situations: Situations, runs: Runs) -> Sequence[LayerRecord]:
    return runs.reference.calls_made_by.get(situations.reference.key, ())


def _broken(situations: Situations, runs: Runs) -> str:
    """Why the candidate's layer cannot even be compared array by array, "" if it can."""
    reference, isolated = situations.reference, situations.isolated
    if isolated is not None and isolated.failure:
        raised = isolated.failure.startswith("raised ")
        return (_other_counts(situations, runs) if raised else "") or isolated.failure
    for record in (isolated, situations.candidate32, situations.candidate64):
        if record is not None and len(record.outputs) != len(reference.outputs):
            return _other_outputs(reference, record)
    if isolated is not None:
        for call in _calls_of(situations, runs):
            handed = len(isolated.handed_to(call))
            if handed != len(call.inputs):
                return f"hands {_arrays(handed)} to {call.key} instead of {len(call.inputs)}"
    return ""


def _other_outputs(reference: LayerRecord, record: LayerRecord) -> str:
    """Which outputs are missing or too many, by the keys that they have in a dict; else how many there are."""
    missing = [name for name in reference.outputs if name not in record.outputs]
    extra = [name for name in record.outputs if name not in reference.outputs]
    if len(missing) == len(reference.outputs) or not all(map(_has_key, missing + extra)):
        return f"returns {_arrays(len(record.outputs))} instead of {len(reference.outputs)}"
    plain = [name for name in missing if isinstance(plain_members(record.result).get(name), int | float)]
    lacking = [name for name in missing if name not in plain]
    words = [
        f"lacks output {', '.join(lacking)}" if lacking else "",
        f"returns {', '.join(plain)} as a plain number, not as an array" if plain else "",
        f"returns {', '.join(extra)} too" if extra else "",
    ]
    return ", ".join(filter(None, words))


def _has_key(slot: str) -> bool:
    """Whether a slot is told by the key of a dict, not by its position alone."""
    return not all(part.isdigit() for part in slot.split("."))


def _arrays(number: int) -> str:
    return f"{number} array{'s' * (number != 1)}"


def _other_counts(situations: Situations, runs: Runs) -> str:
    """The first child that the candidate's layer calls more or less often than the reference's, "" if there is none.

    Such a layer alone gets the answer of one call for that of another, and may stumble over its shape.
    """
    key = situations.reference.key
    whole = next((run for run in (runs.candidate32, runs.candidate64) if run is not None and key in run.by_key), None)
    if whole is None:
        return ""
    ours, theirs = (Counter(call.path for call in run.calls_made_by.get(key, ())) for run in (runs.reference, whole))
    for path, times in ours.items():
        if theirs[path] and theirs[path] != times:
            return f"calls {path} {theirs[path]} time{'s' * (theirs[path] > 1)} instead of {times}"
    return ""


def _why_uncompared(situations: Situations, runs: Runs) -> str:
    """Why a layer that shows no mismatch is not proven either, "" if it is."""
    whole_runs = ((runs.candidate32, situations.candidate32), (runs.candidate64, situations.candidate64))
    if any(run is not None and record is None for run, record in whole_runs):
        return f"never called by {runs.candidate.framework}"
    if runs.candidate is None and situations.isolated is None:
        return f"not in {runs.isolated.framework}"
    return ""


def _holds_nothing(record: LayerRecord) -> str:
    """Why the outputs of a layer prove nothing: arrays without an element are equal whatever it computes."""
    if record.outputs and not any(array.size for array in record.outputs.values()):
        return "returned no element: compare on inputs that reach it"
    return ""
