"""Record one model in a process of its own, for a comparison elsewhere; imports a framework only when asked to."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Literal

from jtmigrate import runtime
from jtmigrate.compare.estimates import is_sketched
from jtmigrate.errors import UserError
from jtmigrate.frameworks.base import Adapter, Call, plain_call
from jtmigrate.trace.file import TraceFile
from jtmigrate.trace.record import LayerRecord, Trace
from jtmigrate.trace.templates import opaque_members
from jtmigrate.trace.tiers import record_arrays

Framework = Literal["torch", "jittor"]
NAMES_SHOWN = 3


@dataclass(frozen=True)
class Side:
    """One model and how it is run; see `jtmigrate.diff.ModelPair`."""

    framework: Framework
    build: Callable[[], Any]
    inputs: Any
    call: Call | None = None


def record_runs(
    side: Side,
    *,
    float32: bool = True,
    float64: bool = True,
    replay_of: TraceFile | None = None,
    copy_weights: bool = False,
    stage: Callable[[str], AbstractContextManager[None]],
) -> dict[str, Trace]:
    """Run a model: "float32" and "float64" as a whole, "isolated" layer by layer on what `replay_of` recorded.

    copy_weights  load the parameters recorded in `replay_of` first, strictly by name
    stage         a context for every stage, by name

    Raises UserError if `replay_of` lacks the tensors that this needs.
    """
    replayed = replay_of and replayable(replay_of)
    runtime.prepare()
    with stage(f"import {side.framework}, build the model"):
        adapter, model = _adapter(side.framework), side.build()
        adapter.check_model(model)
        if replayed and copy_weights:
            adapter.load_state(model, replayed.state)
    runtime.restore_subnormals()
    call = side.call or plain_call
    runs = {}
    if float32:
        with stage(f"{side.framework} float32"):
            runs["float32"] = adapter.record(model, side.inputs, call=call)
    if replayed:
        with stage(f"{side.framework} isolated"):
            runs["isolated"] = adapter.replay(model, replayed, call=call)
    if float64:
        with stage(f"{side.framework} float64"):
            runs["float64"] = adapter.record(model, side.inputs, dtype="float64", call=call)
    return runs


def replayable(recorded: TraceFile) -> Trace:
    """The float32 run of a file with only the calls whose tensors it holds, those of the calls they make included.

    Raises UserError if there are none, or if a call's arguments could not be kept in a file.
    """
    trace = recorded.runs.get("float32")
    again = "record it again with --tier everything"
    if trace is None:
        raise UserError(f"{recorded.path} holds no float32 run to replay: {again}")
    whole = {record.key for record in trace.layers if _is_whole(record)}
    kept = tuple(
        record
        for record in trace.layers
        if record.key in whole and all(call.key in whole for call in trace.calls_made_by.get(record.key, ()))
    )
    if not kept:
        raise UserError(f"{recorded.path} (tier {recorded.tier.value}) holds no tensors to replay: {again}")
    if lost := list(_lost(kept)):
        raise UserError(
            f"{recorded.path}: arguments or results of {len(lost)} calls cannot be kept in a file: "
            f"{', '.join(lost[:NAMES_SHOWN])}; compare with jtmigrate diff, which runs both models in one process"
        )
    return replace(trace, layers=kept)


def _is_whole(record: LayerRecord) -> bool:
    return not is_sketched(*record_arrays(record))


def _lost(records: tuple[LayerRecord, ...]) -> Iterator[str]:
    for record in records:
        for member in opaque_members((record.arguments, record.result)):
            yield f"{record.key or 'the model'} ({member.text})"


def _adapter(framework: Framework) -> Adapter:
    if framework == "torch":
        from jtmigrate.frameworks.torch_adapter import TorchAdapter

        return TorchAdapter()
    from jtmigrate.frameworks.jittor_adapter import JittorAdapter

    return JittorAdapter()
