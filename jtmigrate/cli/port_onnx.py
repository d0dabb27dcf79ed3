"""`jtmigrate port model.onnx`: an ONNX graph into Jittor code and a file of weights."""

from pathlib import Path
from typing import TYPE_CHECKING

from jtmigrate.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

    from jtmigrate.port.onnx.run import OnnxPort


def port_file(source: Path, out: Path, *, check: bool, inputs: Path | None, console: "Console") -> int:
    """Port a file and compare the result with onnxruntime; returns the exit code.

    0  written, and the same within 1e-5 of the largest value where it could be compared
    1  something is not supported (nothing is written), differs from DIR, or computes something else
    """
    from jtmigrate.port.onnx.run import port_onnx
    from jtmigrate.port.rewrite.output import check_place, differences, write
    from jtmigrate.report.numbers import counted, printable

    if not check:
        check_place(source, out)
    result = port_onnx(source)
    for problem in result.unsupported:
        console.print(printable(f"{problem.node}: {problem.op}: {problem.reason}"))
    if not result:
        console.print(f"{len(result.unsupported)} of {counted(result.nodes, 'node')} not supported, nothing written")
        return 1
    if check:
        different = differences(result.output, out)
        for path in different:
            console.print(f"differs: {path}")
        return 1 if different else 0
    write(result.output, out)
    console.print(f"{counted(result.nodes, 'node')} written to {printable(str(out / 'model.py'))}")
    return 0 if _same(result, source, out, inputs, console) else 1


def _same(result: "OnnxPort", source: Path, out: Path, inputs: Path | None, console: "Console") -> bool:
    from importlib.util import find_spec

    from jtmigrate.cli.files import read_inputs
    from jtmigrate.port.onnx.check import compare_with_runtime, given_inputs, made_inputs

    arrays = given_inputs(result.graph, read_inputs(inputs)) if inputs else made_inputs(result.graph)
    if arrays is None:
        console.print("not compared: the sizes of the inputs are open; give --input FILE.npz")
        return True
    missing = [name for name in ("onnxruntime", "jittor") if find_spec(name) is None]
    if missing:
        console.print(f"not compared: {' and '.join(missing)} not installed")
        return True
    compared = compare_with_runtime(source, result.graph, out, arrays)
    for one in compared:
        verdict = "" if one else ": NOT the same"
        console.print(f"{one.name}: largest error {one.error:.1e}, largest value {one.largest:.2g}{verdict}")
    return all(compared)


def check_options(source: Path, diff: str | None, verify: str | None) -> None:
    """Raise UserError for options that mean nothing for a graph, or a file that is not there."""
    if diff or verify:
        raise UserError("--diff and --verify are for Python code; a graph is compared with onnxruntime by itself")
    if not source.is_file():
        raise UserError(f"no such file: {source}")
