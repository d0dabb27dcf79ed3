"""Gradients, buffers and losses compared: one `QuantityResult` each.

Every one of them is looked at twice, like a layer's output: in the whole run, and with each layer alone. A gradient
alone is what a layer makes of a fixed random cotangent (see `jtmigrate.trace.stand_ins`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from jtmigrate.allowances import jittor_lacks
from jtmigrate.compare import metrics
from jtmigrate.compare.estimates import zeros_like
from jtmigrate.compare.pairing import Runs, outputs_by_name
from jtmigrate.compare.result import Quantity, QuantityResult, Tolerances, Verdict
from jtmigrate.compare.verdict import Evidence, judge, worst
from jtmigrate.trace.record import ROOT, LayerRecord

Arrays = Mapping[str, np.ndarray]


class Subject(NamedTuple):
    """What a row is about; `order` is the position of the call that it belongs to among the reference's."""

    quantity: Quantity
    name: str
    path: str
    order: int
    step: int | None = None


class Scale(NamedTuple):
    """What rows of one kind are judged by; `largest` is the largest magnitude among the reference's arrays of it."""

    tolerances: Tolerances
    largest: float = 0.0


def compare_quantities(runs: Runs, tolerances: Tolerances) -> tuple[QuantityResult, ...]:
    """All gradients, buffers and losses that the runs recorded, in the order of the reference's calls."""
    kinds = (_activation_gradients, _parameter_gradients, _buffers, _losses)
    rows = [row for kind in kinds for row in kind(runs, tolerances)]
    return tuple(sorted(rows, key=lambda row: row.order))


def compare_quantity(
    subject: Subject, whole: Sequence[Evidence], alone: Sequence[Evidence], scale: Scale
) -> QuantityResult | None:
    """One quantity in the whole runs and with its layers alone. None without evidence.

    The whole float32 run is judged only where nothing better is: not where layers ran alone, and not in training, where
    float64 judges from the same state.
    """
    if not (whole or alone):
        return None
    shown_only = bool(alone) or subject.step is not None
    judged = [replace(evidence, candidate32=None) if shown_only else evidence for evidence in whole]
    overall = worst([judge(evidence, scale.tolerances, scale.largest) for evidence in judged])
    single = worst([judge(evidence, scale.tolerances, 0.0) for evidence in alone])
    decisive = single if single and (single.own_fault or not _is_mismatch(overall)) else overall
    propagated = [metrics.error_between(evidence.reference32, evidence.candidate32) for evidence in whole]
    return QuantityResult(
        **subject._asdict(),
        shape=tuple((*whole, *alone)[0].reference.shape),
        verdict=decisive.verdict,
        reason=decisive.reason,
        propagated=metrics.largest_error(propagated),
        isolated=single.isolated if single else None,
        float64=overall.float64 if overall else None,
        floor=decisive.floor,
        below_resolution=bool(overall and overall.below_resolution),
        own_fault=bool(single and single.own_fault),
        nonfinite=any(judged.nonfinite for judged in (overall, single) if judged),
    )


def _is_mismatch(judged: object) -> bool:
    return judged is not None and judged.verdict is Verdict.MISMATCH


def _activation_gradients(runs: Runs, tolerances: Tolerances) -> Iterator[QuantityResult]:
    """Whole runs: the gradient by a layer's outputs. Alone: what the layer hands back to its inputs and children."""
    columns = [_by_key(run, "gradients") for run in _whole(runs)]
    scale = Scale(tolerances, _largest(array for arrays in columns[0].values() for array in arrays.values()))
    for order, record in enumerate(runs.reference.layers):
        found = [{} if record.path == ROOT else column.get(record.key, {}) for column in columns]  # where it starts
        # A gradient by what nothing trainable went into is of no consequence; PyTorch does not even compute it.
        known = {*found[0], *found[1]}
        whole = list(_gradient_evidence([{slot: of[slot] for slot in of if slot in known} for of in found]))
        alone = _pulled_back(runs, record, lambda name: not name.startswith("parameter "))
        subject = Subject(Quantity.ACTIVATION_GRADIENT, record.key, record.path, order)
        if row := compare_quantity(subject, whole, alone, scale):
            yield row


def _parameter_gradients(runs: Runs, tolerances: Tolerances) -> Iterator[QuantityResult]:
    """Whole runs: the gradient of the loss. Alone: the share of every call of the module that owns the parameter."""
    columns = [run.gradients if run else {} for run in _whole(runs)]
    scale = Scale(tolerances, _largest(columns[0].values()))
    calls, last = _calls(runs), len(runs.reference.layers)
    for name in _names(columns[:2], runs):
        path, _, local = name.rpartition(".")
        whole = list(_gradient_evidence([{"": run[name]} if name in run else {} for run in columns]))
        alone = [
            evidence
            for _, record in calls.get(path, ())
            for evidence in _pulled_back(runs, record, lambda pulled, local=local: pulled == f"parameter {local}")
        ]
        order = calls[path][0][0] if path in calls else last
        if row := compare_quantity(Subject(Quantity.PARAMETER_GRADIENT, name, path, order), whole, alone, scale):
            yield row


def _buffers(runs: Runs, tolerances: Tolerances) -> Iterator[QuantityResult]:
    """What a run leaves in buffers. Alone only where a module is called once: each call starts from the first state."""
    whole_runs, calls, last = _whole(runs), _calls(runs), len(runs.reference.layers)
    scale = Scale(tolerances, _largest(each for each in runs.reference.buffers.values() if each.dtype.kind == "f"))
    for name in runs.reference.buffers:
        path, _, local = name.rpartition(".")
        if jittor_lacks(name):
            continue
        found = [run and run.buffers.get(name, run.state.get(name)) for run in whole_runs]
        whole = [Evidence("", *found)] if any(array is not None for array in found[2:]) else []
        alone = []
        if runs.isolated and len(calls.get(path, ())) == 1 and found[0] is not None:
            record = runs.isolated.by_key.get(path)
            after = record and record.buffers.get(local, runs.isolated.state.get(name))
            alone = [] if after is None else [Evidence("", found[0], found[1], isolated=after)]
        order = calls[path][0][0] if path in calls else last
        if row := compare_quantity(Subject(Quantity.BUFFER, name, path, order), whole, alone, scale):
            yield row


def _losses(runs: Runs, tolerances: Tolerances) -> Iterator[QuantityResult]:
    """The scalars that a training run returns."""
    if not any(run and run.gradients for run in (runs.reference32, runs.reference64)):
        return
    records = [run.by_key.get(ROOT) if run else None for run in (*_whole(runs), runs.isolated)]
    reference = runs.reference.by_key[ROOT]
    columns = [outputs_by_name(reference, record) for record in records]
    for name, array in reference.outputs.items():
        found = [column.get(name) for column in columns]
        if array.size != 1 or array.dtype.kind != "f":
            continue
        whole = [Evidence("", *found[:4])] if any(each is not None for each in found[2:4]) else []
        alone = [] if found[4] is None else [Evidence("", found[0], found[1], isolated=found[4])]
        subject = Subject(Quantity.LOSS, name or "loss", ROOT, len(runs.reference.layers))
        if row := compare_quantity(subject, whole, alone, Scale(tolerances)):
            yield row


def _whole(runs: Runs) -> tuple:
    return (runs.reference32, runs.reference64, runs.candidate32, runs.candidate64)


def _by_key(run: object, group: str) -> dict[str, Arrays]:
    return {layer.key: getattr(layer, group) for layer in run.layers} if run else {}


def _calls(runs: Runs) -> dict[str, list[tuple[int, LayerRecord]]]:
    """Position and record of every call of the reference, by path."""
    calls: dict[str, list[tuple[int, LayerRecord]]] = {}
    for order, record in enumerate(runs.reference.layers):
        calls.setdefault(record.path, []).append((order, record))
    return calls


def _names(references: Sequence[Arrays], runs: Runs) -> list[str]:
    """Parameters of the reference with a gradient, then those that only the candidate trains."""
    names = dict.fromkeys(name for arrays in references for name in arrays)
    candidate = [run.gradients for run in (runs.candidate32, runs.candidate64) if run]
    surplus = dict.fromkeys(name for arrays in candidate for name in arrays if name in runs.reference.state)
    return list(names | surplus)


def _gradient_evidence(columns: Sequence[Arrays]) -> Iterator[Evidence]:
    """Gradients of one thing by slot in the four whole runs. Where one is missing it is zero, if the run has any."""
    slots = dict.fromkeys(slot for column in columns for slot in column)
    for slot in slots:
        arrays = [column.get(slot) for column in columns]
        pairs = [(arrays[0], arrays[2]), (arrays[1], arrays[3])]
        (reference32, candidate32), (reference64, candidate64) = (_completed(*pair) for pair in pairs)
        if any(array is not None and array.any() for array in arrays):
            label = f"by output {slot}" if len(slots) > 1 else ""
            yield Evidence(label, reference32, reference64, candidate32, candidate64)


def _completed(reference: np.ndarray | None, candidate: np.ndarray | None) -> tuple:
    """Both, zeros in the place of the one that is missing; what is not there at all stays None."""
    if reference is None and candidate is None:
        return None, None
    if reference is None:
        return zeros_like(candidate), candidate
    return reference, zeros_like(reference) if candidate is None else candidate


def _pulled_back(runs: Runs, record: LayerRecord, wanted: Callable[[str], bool]) -> list[Evidence]:
    """Products with the Jacobian of one call alone, the reference's and the candidate's."""
    if runs.alone is None or runs.isolated is None:
        return []
    reference, candidate = runs.alone.by_key.get(record.key), runs.isolated.by_key.get(record.key)
    if reference is None or candidate is None or candidate.failure:
        return []
    names = [name for name in dict.fromkeys([*reference.pullback, *candidate.pullback]) if wanted(name)]
    found = []
    for name in names:
        exact, other = _completed(reference.pullback.get(name), candidate.pullback.get(name))
        if exact.any() or other.any():
            floor = runs.alone_floors.get(record.key, {}).get(name)
            found.append(Evidence(f"gradient by {name}", exact, isolated=other, floor=floor))
    return found


def _largest(arrays: Iterable[np.ndarray]) -> float:
    return max(map(metrics.scale, arrays), default=0.0)
