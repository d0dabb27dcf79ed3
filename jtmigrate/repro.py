"""`--repro`: the first faulty layer as a script and its data, ready to paste into a bug report.

The script needs numpy, the two frameworks and the functions that build the two models, but not this toolkit.
"""

import ast
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from jtmigrate.compare.estimates import is_sketched
from jtmigrate.compare.matching import How, Matching
from jtmigrate.compare.result import DiffResult, LayerResult
from jtmigrate.files import text_bytes, writing
from jtmigrate.frameworks.base import STAGE
from jtmigrate.report.numbers import layer_name, printable
from jtmigrate.report.repro_script import TEMPLATE
from jtmigrate.trace.file import TraceFile
from jtmigrate.trace.record import ROOT, Trace
from jtmigrate.trace.structure import Opaque, Slot, fields_of
from jtmigrate.trace.templates import decode, encode, opaque_members
from jtmigrate.tracing import matching_of

SCRIPT, DATA = "repro.py", "repro.npz"
MODULE = re.compile(r"[\w./-]+")

BUILD = "build"
"""Entry of a trace file's meta: how its model is built; see `Sources`."""


NO_MATCHING = Matching((), (), {})


class Sources(NamedTuple):
    """How the two models are built: "package.module:function", "file.py:function" or "module:function(1, b=2)".

    None where nobody knows, or where it takes more than literals: the script then asks to be completed.
    """

    torch: str | None
    jittor: str | None


def write_repro(
    folder: Path,
    result: DiffResult,
    reference: Trace,
    candidate: Trace,
    sources: Sources,
    matching: Matching = NO_MATCHING,
) -> str:
    """Write the script and its data; returns one sentence that says what was done, or why nothing was.

    reference, candidate   their float32 runs, both under the reference's names
    matching               what the candidate itself calls its modules and parameters, where they differ

    Raises UserError, with nothing written, if the place cannot be written to.
    """
    fault = result.first_fault
    if why_not := _why_not(fault, reference, candidate):
        return f"no script: {why_not}"
    record = reference.by_key[fault.key]
    arguments = decode(encode(record.arguments))
    data = {
        **{f"input {slot}": array for slot, array in record.inputs.items()},
        **{f"output {slot}": array for slot, array in record.outputs.items()},
        **{f"torch {name}": array for name, array in _own_state(reference, record.path)},
        **{f"jittor {name}": array for name, array in _candidate_state(candidate, record.path, matching)},
    }
    text = _script(result, fault, arguments, reference, candidate, sources, matching)
    with writing(folder / DATA) as data_file, writing(folder / SCRIPT) as script_file:
        _write_arrays(data_file, data)
        script_file.write(text_bytes(text))
        # So that what cannot be written is known before the first of them takes its place.
        data_file.flush()
        script_file.flush()
    return f"{folder / SCRIPT} runs {layer_name(fault.key)} alone in both frameworks"


def write_repro_of_files(folder: Path, result: DiffResult, reference: TraceFile, candidate: TraceFile) -> str:
    """The same from two trace files."""
    run = "float32" if "float32" in candidate.runs else next(iter(candidate.runs))
    if "float32" not in reference.runs:
        return "no script: there is no float32 run of the reference"
    if (reference.framework, candidate.framework) != ("torch", "jittor"):
        return "no script: it compares a PyTorch layer with a Jittor layer"
    sources = Sources(reference.meta.get(BUILD), candidate.meta.get(BUILD))
    runs = reference.runs["float32"], candidate.runs[run]
    return write_repro(folder, result, *runs, sources, matching_of(candidate))


def _write_arrays(file: BinaryIO, arrays: Mapping[str, np.ndarray]) -> None:
    """As numpy.savez, which leaves its archive open where the disk is full, to complain when it is collected."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def _why_not(fault: Any, reference: Trace, candidate: Trace) -> str:
    if fault is None:
        return "no layer is at fault"
    if not isinstance(fault, LayerResult):
        return f"the first fault is a {fault.kind}, and a script runs a layer forward"
    record = reference.by_key.get(fault.key)
    if record is None or record.kind == STAGE:
        return f"{layer_name(fault.key)} is no module that the reference calls"
    if all(layer.path != fault.path for layer in candidate.layers):
        return f"the port calls no module of the name {layer_name(fault.path)}"
    own = [
        *record.inputs.values(),
        *record.outputs.values(),
        *(array for _, array in _own_state(reference, fault.path)),
    ]
    if is_sketched(*own):
        return f"the trace holds no tensors of {layer_name(fault.key)}"
    lost = list(opaque_members(decode(encode(record.arguments))))
    return f"it was called with {lost[0].text}, which no file can hold" if lost else ""


def _own_state(trace: Trace, path: str) -> Iterator[tuple[str, np.ndarray]]:
    """Parameters and buffers of a module and of those in it, by the name that they have there."""
    for name, array in trace.state.items():
        if path == ROOT:
            yield name, array
        elif name.startswith(f"{path}."):
            yield name.removeprefix(f"{path}."), array


def _candidate_state(trace: Trace, path: str, matching: Matching) -> Iterator[tuple[str, np.ndarray]]:
    """The same of a candidate, by the names and in the layout that it has itself."""
    own = {pair.reference: pair for pair in matching.parameters}
    own_path = matching.own_names.get(path, path)
    for local, array in _own_state(trace, path):
        name = f"{path}.{local}" if path else local
        if name not in own:
            yield local, array
            continue
        turned = own[name].how is How.TRANSPOSED and array.shape != array.shape[::-1]
        yield own[name].candidate.removeprefix(f"{own_path}."), array.T if turned else array


def _script(
    result: DiffResult,
    fault: LayerResult,
    arguments: Any,
    reference: Trace,
    candidate: Trace,
    sources: Sources,
    matching: Matching,
) -> str:
    args, kwargs = arguments
    script = TEMPLATE
    values = {
        "LAYER": _text(layer_name(fault.key)),
        "KIND": _text(fault.kind),
        "CAUSE": _text(result.cause or fault.reason),
        "VERSIONS": _text(", ".join(f"{name} {version}" for name, version in result.meta.get("versions", {}).items())),
        "TORCH_SETTINGS": _text(_settings(reference, fault.path)),
        "JITTOR_SETTINGS": _text(_settings(candidate, fault.path)),
        "TORCH_PATH": repr(fault.path),
        "JITTOR_PATH": repr(matching.own_names.get(fault.path, fault.path)),
        "TOLERANCE": repr(result.tolerances.float32),
        "BUILD_TORCH": _build(sources.torch, "PyTorch"),
        "BUILD_JITTOR": _build(sources.jittor, "Jittor"),
        "ARGS": _expression(args),
        "KWARGS": _expression(kwargs),
        "DATA": repr(DATA),
    }
    for name, value in values.items():
        script = script.replace(f"@{name}@", value)
    return script


def _settings(trace: Trace, path: str) -> str:
    settings: Mapping[str, Any] = trace.settings.get(path, {})
    return ", ".join(f"{name}={value!r}" for name, value in settings.items()) or "not recorded"


def _text(words: str) -> str:
    """Words that may stand in a docstring, whatever somebody named their layers."""
    return printable(words).replace("\\", "/").replace('"', "'")


def _build(source: str | None, framework: str) -> str:
    """The body of a function that returns a model."""
    module, _, call = (source or "").partition(":")
    expression = call if call.endswith(")") else f"{call}()"
    if not (MODULE.fullmatch(module) and _is_plain_call(expression)):
        return f'raise SystemExit("complete this script: build the {framework} model here")'
    name = expression.partition("(")[0]
    if not module.endswith(".py"):
        return f"from {module} import {name}\n\n    return {expression}"
    file = Path(module)
    lines = (f"sys.path.insert(0, {file.parent.as_posix()!r})", f"from {file.stem} import {name}")
    return "\n    ".join(lines) + f"\n\n    return {expression}"


def _is_plain_call(expression: str) -> bool:
    """Whether this calls a function with literals: a script is not to run whatever a trace file says."""
    try:
        call = ast.parse(expression, mode="eval").body
        [ast.literal_eval(value) for value in (*call.args, *(keyword.value for keyword in call.keywords))]
    except (SyntaxError, ValueError, AttributeError):
        return False
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name)


def _expression(template: Any) -> str:
    """Python source for a template, in which `tensor(slot)` makes a tensor of an array."""
    if isinstance(template, Slot):
        return f"tensor({template.name!r})"
    if isinstance(template, Opaque):
        raise TypeError(f"no source for {template.text}")
    if members := fields_of(template):
        return f"SimpleNamespace({', '.join(f'{name}={_expression(value)}' for name, value in members.items())})"
    if isinstance(template, dict):
        return "{" + ", ".join(f"{key!r}: {_expression(value)}" for key, value in template.items()) + "}"
    if isinstance(template, tuple):
        return "(" + "".join(f"{_expression(member)}, " for member in template).rstrip() + ")"
    if isinstance(template, list):
        return "[" + ", ".join(map(_expression, template)) + "]"
    return f"float({str(template)!r})" if isinstance(template, float) else repr(template)
