"""Training steps compared: losses, gradients, the optimizer's options, and what it does with given gradients."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from jtmigrate.compare import metrics
from jtmigrate.compare.floor import noise_floor
from jtmigrate.compare.quantities import Scale, Subject, compare_quantity
from jtmigrate.compare.result import DriftPoint, Quantity, QuantityResult, Tolerances, Verdict
from jtmigrate.compare.verdict import Evidence
from jtmigrate.trace.optimizer import OptimizerState
from jtmigrate.trace.record import ROOT
from jtmigrate.trace.steps import StepRecord

Arrays = Mapping[str, np.ndarray]
Steps = Sequence[StepRecord]
LEARNING_RATE = "lr"
At = Mapping[str, StepRecord | None]
"""The records of one step, by the name of the run."""
SAME_OPTION = 1e-12
"""Options are numbers that somebody wrote down; a schedule may still round the last digit differently."""


class StepRuns(NamedTuple):
    """Every way in which the same batches were trained on; empty for a run that was not made.

    reference32, reference64  the reference on its own
    exact                     the reference in float64, from every state of `reference32` and with its gradients
    led32, led64              the candidate from every state of the reference, with gradients of its own
    given32, given64          the candidate from every state of the reference and with its gradients
    free32                    the candidate on its own
    """

    reference32: Steps = ()
    reference64: Steps = ()
    exact: Steps = ()
    led32: Steps = ()
    led64: Steps = ()
    given32: Steps = ()
    given64: Steps = ()
    free32: Steps = ()

    @property
    def reference(self) -> Steps:
        return self.reference32 or self.reference64


def compare_steps(runs: StepRuns, tolerances: Tolerances) -> tuple[QuantityResult, ...]:
    """All that is compared of every step, in the order in which a step computes it."""
    scale = Scale(tolerances)
    rows = []
    for step in range(len(runs.reference)):
        at = _at(runs, step)
        rows += [*_losses(at, step, scale), *_gradients(at, step, tolerances), *_clip_norm(at, step, scale)]
        rows += [
            *_options(at, step),
            *_updates(at, step, scale),
            *_moments(at, step, scale),
            *_buffers(at, step, tolerances),
        ]
    return tuple(rows)


def drift(runs: StepRuns) -> tuple[DriftPoint, ...]:
    """How far the two have come apart after every step, each on its own."""
    return tuple(map(_drift, runs.reference32, runs.free32))


def _drift(reference: StepRecord, candidate: StepRecord) -> DriftPoint:
    errors = {
        name: metrics.scaled_error(array, candidate.after.model.get(name))
        for name, array in reference.after.model.items()
        if array.dtype.kind == "f"
    }
    worst = max(errors, key=errors.get, default="")
    losses = [metrics.scaled_error(loss, candidate.losses.get(name)) for name, loss in reference.losses.items()]
    return DriftPoint(reference.step, losses[0] if losses else 0.0, errors.get(worst, 0.0), worst)


def _at(runs: StepRuns, step: int) -> dict[str, StepRecord | None]:
    """The records of one step by the name of the run."""
    return {name: records[step] if records else None for name, records in runs._asdict().items()}


def _losses(at: At, step: int, scale: Scale) -> Iterator[QuantityResult]:
    for name, found in _columns(at, WHOLE, lambda record: record.losses):
        yield from _row(Subject(Quantity.LOSS, name or "loss", ROOT, step, step), Evidence("", *found), (), scale)


def _gradients(at: At, step: int, tolerances: Tolerances) -> Iterator[QuantityResult]:
    """Before clipping."""
    columns = list(_columns(at, WHOLE, lambda record: record.gradients))
    scale = Scale(tolerances, max((metrics.scale(found[0]) for _, found in columns), default=0.0))
    for name, found in columns:
        subject = Subject(Quantity.PARAMETER_GRADIENT, name, name.rpartition(".")[0], step, step)
        yield from _row(subject, Evidence("", *found), (), scale)


def _clip_norm(at: At, step: int, scale: Scale) -> Iterator[QuantityResult]:
    """Of the same gradients on both sides; that of its own gradients is shown beside it."""
    norms = {run: record and record.clip_norm for run, record in at.items()}
    given = [norms[run] for run in ("reference32", "given32")]
    subject = Subject(Quantity.CLIP_NORM, "all parameters", ROOT, step, step)
    if given == [None, None]:
        return
    if None in given:
        reason = "clips gradients where the reference does not" if given[0] is None else "does not clip gradients"
        yield _plain(subject, reason)
        return
    arrays = {run: None if norm is None else np.array(norm) for run, norm in norms.items()}
    alone = Evidence("", arrays["reference32"], arrays["exact"], isolated=arrays["given32"])
    whole = Evidence("", arrays["reference32"], arrays["reference64"], arrays["led32"], arrays["given64"])
    yield from _row(subject, whole, (alone,), scale)


def _options(at: At, step: int) -> Iterator[QuantityResult]:
    """What the step was taken with, parameter by parameter: groups may be divided differently."""
    reference, candidate = at["reference32"].before.optimizer, at["free32"].before.optimizer
    if reference.kind != candidate.kind:
        yield _plain(
            Subject(Quantity.OPTION, "kind", ROOT, step, step), f"{candidate.kind} instead of {reference.kind}"
        )
    ours, theirs = _options_by_name(reference), _options_by_name(candidate)
    names = [name for name in ours if name in theirs]
    for name in (name for name in ours if name not in theirs):
        yield _plain(Subject(Quantity.OPTION, name, name.rpartition(".")[0], step, step), "not given to the optimizer")
    for name in (name for name in theirs if name not in ours):
        reason = "given to the optimizer, unlike in the reference"
        yield _plain(Subject(Quantity.OPTION, name, name.rpartition(".")[0], step, step), reason)
    for option in dict.fromkeys(option for name in names for option in ours[name] if option != "initial_lr"):
        wrong = [name for name in names if not _same(ours[name].get(option), theirs[name].get(option))]
        quantity = Quantity.LEARNING_RATE if option == LEARNING_RATE else Quantity.OPTION
        reason = ""
        if wrong:
            more = f" (and {len(wrong) - 1} more parameters)" if len(wrong) > 1 else ""
            reason = f"{theirs[wrong[0]].get(option)} instead of {ours[wrong[0]].get(option)} for {wrong[0]}{more}"
        yield _plain(Subject(quantity, option, ROOT, step, step), reason)


def _updates(at: At, step: int, scale: Scale) -> Iterator[QuantityResult]:
    """What a step adds to every parameter. The parameter itself would hide a wrong step behind its own size."""
    trained = {name for group in at["reference32"].before.optimizer.groups for name in group.names}
    for name, found in _columns(at, (*WHOLE, "exact", "given32", "given64"), _changes):
        if name in trained:
            subject = Subject(Quantity.UPDATE, name, name.rpartition(".")[0], step, step)
            yield from _given(subject, found, scale, _update_floor(name, at["reference32"], at["exact"]))


def _moments(at: At, step: int, scale: Scale) -> Iterator[QuantityResult]:
    """What the optimizer remembers after the step."""
    for name, found in _columns(at, (*WHOLE, "exact", "given32", "given64"), _slots):
        parameter = name.partition(" of ")[2]
        subject = Subject(Quantity.MOMENT, name, parameter.rpartition(".")[0], step, step)
        yield from _given(subject, found, scale)


def _buffers(at: At, step: int, tolerances: Tolerances) -> Iterator[QuantityResult]:
    """What the forward pass left in buffers."""
    trained = {name for group in at["reference32"].before.optimizer.groups for name in group.names}
    columns = [
        (name, found)
        for name, found in _columns(at, WHOLE, lambda record: record.after.model)
        if name not in trained and found[0].dtype.kind == "f"
    ]
    scale = Scale(tolerances, max((metrics.scale(found[0]) for _, found in columns), default=0.0))
    for name, found in columns:
        if not (_equal(found) and np.array_equal(at["reference32"].before.model[name], found[0])):
            subject = Subject(Quantity.BUFFER, name, name.rpartition(".")[0], step, step)
            yield from _row(subject, Evidence("", *found), (), scale)


WHOLE = ("reference32", "reference64", "led32", "led64")


def _columns(
    at: At, runs: Sequence[str], arrays: Callable[[StepRecord], Arrays]
) -> Iterator[tuple[str, list[np.ndarray | None]]]:
    """Every array of the reference with its counterparts in some runs."""
    columns = [arrays(at[run]) if at[run] else {} for run in runs]
    for name in columns[0]:
        if any(name in column for column in columns[2:]):
            yield name, [column.get(name) for column in columns]


def _update_floor(name: str, record: StepRecord, exact: StepRecord | None) -> float:
    """The noise floor of an update: at least what rounding the parameter costs, which the reference can be spared.

    Where a parameter has few elements, all of the reference's may happen to be rounded by next to nothing.
    """
    after, update = record.after.model[name], _changes(record)[name]
    rounding = float(np.spacing(np.abs(after).max(initial=0))) / 2
    lowest = metrics.scaled(rounding, metrics.scale(update))
    return lowest if exact is None else max(lowest, noise_floor(update, _changes(exact)[name]))


def _given(
    subject: Subject, found: Sequence[np.ndarray | None], scale: Scale, floor: float | None = None
) -> Iterator[QuantityResult]:
    """Judged where the gradients were given; what came of its own gradients is only shown.

    Adam divides a gradient by its size: of one that is zero but for rounding, it makes a step of full size.
    """
    reference32, reference64, led32, _, exact, given32, given64 = found
    whole = Evidence("", reference32, reference64, led32, given64)
    alone = Evidence("", reference32, exact, isolated=given32, floor=floor)
    yield from _row(subject, whole, (alone,), scale)


def _row(subject: Subject, whole: Evidence, alone: Sequence[Evidence], scale: Scale) -> Iterator[QuantityResult]:
    row = compare_quantity(subject, (whole,), alone, scale)
    if row is not None:
        yield row


def _plain(subject: Subject, reason: str) -> QuantityResult:
    """A row without numbers: right, or wrong for a reason."""
    verdict = Verdict.MISMATCH if reason else Verdict.IDENTICAL
    return QuantityResult(**subject._asdict(), shape=(), verdict=verdict, reason=reason, own_fault=bool(reason))


def _changes(record: StepRecord) -> dict[str, np.ndarray]:
    before, after = record.before.model, record.after.model
    return {name: after[name] - array for name, array in before.items() if array.dtype.kind == "f"}


def _slots(record: StepRecord) -> dict[str, np.ndarray]:
    slots = record.after.optimizer.slots
    return {f"{slot} of {name}": array for name, arrays in slots.items() for slot, array in arrays.items()}


def _options_by_name(state: OptimizerState) -> dict[str, Mapping[str, object]]:
    return {name: group.options for group in state.groups for name in group.names}


def _same(a: object, b: object) -> bool:
    if isinstance(a, int | float) and isinstance(b, int | float):
        return abs(a - b) <= SAME_OPTION * max(abs(a), abs(b))
    return a == b


def _equal(arrays: Sequence[np.ndarray | None]) -> bool:
    first = arrays[0]
    return all(array is None or np.array_equal(first, array) for array in arrays)
