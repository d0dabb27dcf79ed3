"""`jtmigrate port`: PyTorch source code, or an ONNX graph, into Jittor source code."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jtmigrate.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

    from jtmigrate.port.rewrite.run import PortResult


def command(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="Python file or folder, or an ONNX model.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the result goes: a folder of its own.")],
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if DIR does not hold the result.")
    ] = False,
    diff: Annotated[
        str | None,
        typer.Option("--diff", metavar="FILE", help="Write the changes as a unified diff; - for the screen."),
    ] = None,
    verify: Annotated[
        str | None, typer.Option("--verify", metavar="MODULE:FACTORY", help="Run this model and its port, and compare.")
    ] = None,
    inputs: Annotated[
        Path | None, typer.Option("--input", metavar="FILE.npz", help="What both are given, for --verify or ONNX.")
    ] = None,
) -> None:
    """Rewrite a PyTorch program for Jittor and jtmigrate.parity. Comments, formatting and names stay.

    What has no counterpart stays as it is, is marked with a comment and listed. The source is never changed.

    Of an ONNX model, code that reads like code and a file of weights are written, and compared with onnxruntime on the
    input given or on noise: 1e-5 of an output's largest value. Nothing is written if an operator is not supported.

    Exit code 0 if everything was ported (and, where it was compared, is aligned), 1 if not, 2 if the input is unusable.
    """
    from rich.console import Console

    from jtmigrate.cli.port_onnx import check_options, port_file
    from jtmigrate.files import write_text
    from jtmigrate.port.rewrite.output import check_place, differences, write
    from jtmigrate.port.rewrite.run import port
    from jtmigrate.port.rewrite.tree import python_files

    console = Console(highlight=False, soft_wrap=True, markup=False)
    if source.suffix == ".onnx":
        check_options(source, diff, verify)
        raise typer.Exit(port_file(source, out, check=check, inputs=inputs, console=console))
    if bool(verify) != bool(inputs):
        raise UserError("--verify M:F and --input FILE.npz belong together")
    if inputs and not inputs.is_file():
        raise UserError(f"no such file: {inputs}")
    if check and verify:
        raise UserError("--check writes nothing that --verify could run: give one of them")
    if not check:
        check_place(source, out)
    if diff and diff != "-":
        _check_diff(Path(diff), out, (inputs, *python_files(source)))
    result = port(source, out)
    if diff == "-":
        typer.echo(result.diff(), nl=False)
    elif diff:
        write_text(diff, result.diff())
    if check:
        different = differences(result.output, out)
        for path in different:
            console.print(f"differs: {path}")
        raise typer.Exit(1 if different else 0)
    write(result.output, out)
    _print(result, out, console)
    aligned = _verify(verify, inputs, source, out, console) if verify else True
    raise typer.Exit(0 if result and aligned else 1)


def _check_diff(diff: Path, out: Path, read: Iterable[Path | None]) -> None:
    """Raise UserError if the differences cannot be written, or would replace what is read, or be replaced."""
    from jtmigrate.files import check_outputs

    check_outputs([diff], read)
    if out.resolve() in diff.resolve().parents:
        raise UserError(f"{diff}: lies in {out}, which is to hold the result and no more: give another path")


def _verify(factory: str, inputs: Path, source: Path, out: Path, console: "Console") -> bool:
    from rich.console import Console

    from jtmigrate.cli.files import read_inputs
    from jtmigrate.cli.progress import stages
    from jtmigrate.port.verify import verify_port
    from jtmigrate.report.console import print_diff

    arrays = read_inputs(inputs)
    with stages(Console(stderr=True)) as progress:
        verified = verify_port(factory, arrays, source, out, progress=progress)
    print_diff(verified.result, Console())
    if verified.line:
        console.print(f"the first fault belongs to {verified.line}")
    return bool(verified.result)


def _print(result: "PortResult", out: Path, console: "Console") -> None:
    from jtmigrate.port.rewrite.result import Fate
    from jtmigrate.report.numbers import counted, printable

    for problem in result.problems:
        place = f"{problem.file}:{problem.line}" if problem.line else problem.file
        name = f" {problem.name}" if problem.name else ""
        advice = f" - {problem.advice}" if problem.advice else ""
        console.print(printable(f"{place}:{name} {problem.reason}{advice}"))
    changed = sum(file.fate is Fate.PORTED for file in result.files)
    console.print(f"{counted(len(result.files), 'Python file')}, {changed} changed, written to {printable(str(out))}")
    console.print(
        f"{result.uses - result.left} of {counted(result.uses, 'use')} of PyTorch ported ({result.rate:.1%}), "
        f"{result.left} left"
    )
