"""One model run for a trace file, and what a file holds as runs to replay."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from jtmigrate import runtime
from jtmigrate.compare.estimates import is_sketched
from jtmigrate.compare.matching import Matching, from_plain, to_plain
from jtmigrate.errors import UserError
from jtmigrate.plan import ModelPair, Plan
from jtmigrate.report.numbers import counted
from jtmigrate.runs import Clock, ReferenceRuns, run_candidate, run_reference
from jtmigrate.trace.file import TraceFile
from jtmigrate.trace.record import LayerRecord, Trace
from jtmigrate.trace.store import ArrayStore
from jtmigrate.trace.templates import opaque_members
from jtmigrate.trace.tiers import record_arrays

FLOORS = "alone_floors"
"""Entry of a file's meta: noise floors of the gradients of its run "alone"."""
PAIRING = "pairing"
"""Entry of a file's meta: which of its modules is which of the run that was replayed; its runs have those names."""
NAMES_SHOWN = 3


def record(
    framework: Literal["torch", "jittor"], pair: ModelPair, plan: Plan, clock: Clock, replayed: TraceFile | None = None
) -> tuple[dict[str, Trace], dict[str, Any]]:
    """Run one model of a pair, as `diff` would: the runs of a trace file, by name, and what its meta must hold.

    replayed  the reference's file, on whose float32 run the Jittor model's layers run alone

    Raises UserError if `replayed` lacks the tensors that this needs.
    """
    store = ArrayStore()
    runtime.prepare()
    if framework == "torch":
        reference = run_reference(pair, plan, clock, store)
        runs = {"float32": reference.trace32, "float64": reference.trace64, "alone": reference.alone}
        meta = {FLOORS: reference.alone_floors}
    else:
        reference = ReferenceRuns(replayed and replayable(replayed))
        candidate = run_candidate(pair, plan, clock, store, reference)
        runs = {"float32": candidate.trace32, "float64": candidate.trace64, "isolated": candidate.isolated}
        meta = {PAIRING: to_plain(candidate.matching)}
    return {name: trace for name, trace in runs.items() if trace is not None}, meta


def floors_of(recorded: TraceFile) -> Mapping[str, Mapping[str, float]]:
    """See `jtmigrate.compare.pairing.Runs`."""
    return recorded.meta.get(FLOORS) or {}


def matching_of(recorded: TraceFile) -> Matching:
    """How the names in a candidate's file were found; nothing where it was recorded without a reference."""
    return from_plain(recorded.meta.get(PAIRING) or {})


def replayable(recorded: TraceFile) -> Trace:
    """The float32 run of a file with only the calls whose tensors it holds, those of the calls they make included.

    Raises UserError if there are none, or if a call's arguments could not be kept in a file.
    """
    trace = recorded.runs.get("float32")
    again = "record it again with --tier everything"
    if trace is None:
        raise UserError(f"{recorded.path} holds no float32 run to replay: {again}")
    whole = {record.key for record in trace.layers if not is_sketched(*record_arrays(record))}
    kept = tuple(
        record
        for record in trace.layers
        if record.key in whole and all(call.key in whole for call in trace.calls_made_by.get(record.key, ()))
    )
    if not kept:
        raise UserError(f"{recorded.path} (tier {recorded.tier.value}) holds no tensors to replay: {again}")
    if lost := list(_lost(kept)):
        raise UserError(
            f"{recorded.path}: what {counted(len(lost), 'call')} took or returned cannot be kept in a file: "
            f"{', '.join(lost[:NAMES_SHOWN])}; compare with jtmigrate diff, which runs both models in one process"
        )
    return replace(trace, layers=kept)


def _lost(records: tuple[LayerRecord, ...]) -> Iterator[str]:
    for record in records:
        # What a call returned is only handed to its caller, whose replay is what may need it.
        needed = record.arguments if record.parent is None else (record.arguments, record.result)
        for member in opaque_members(needed):
            yield f"{record.key or 'the model'} ({member.text})"
