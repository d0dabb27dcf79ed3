"""`jtmigrate match`: which tensor of one model is which of another, as a rules file for `convert --map`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jtmigrate.errors import UserError

if TYPE_CHECKING:
    from jtmigrate.naming.match import Side


def command(
    source: Annotated[str, typer.Argument(metavar="A", help="Checkpoint, or MODULE:FACTORY of a model.")],
    target: Annotated[str, typer.Argument(metavar="B", help="What A's tensors are to become: one of the same.")],
    inputs: Annotated[
        Path | None,
        typer.Option("--input", metavar="FILE.npz", help="Run both models on this, and match by call and output too."),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="MAP.toml", help="Write the pairs here, to be edited.")] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the whole result here.")] = None,
) -> None:
    """Pair the tensors of two models; what cannot be known is listed and never guessed.

    Exit code 0 if every tensor has its counterpart, 1 if not, 2 if a file or model is unusable.
    """
    from rich.console import Console

    from jtmigrate.cli.factories import file_of
    from jtmigrate.files import check_outputs, write_text
    from jtmigrate.naming.match import match
    from jtmigrate.report.matching import json_text, print_match

    check_outputs((out, json), (source, target, inputs, file_of(source), file_of(target)))
    arrays = _read_inputs(inputs) if inputs else None
    result = match(_side(source, arrays), _side(target, arrays))
    print_match(result, Console())
    if out:
        write_text(out, result.toml())
    if json:
        write_text(json, json_text(result))
    raise typer.Exit(0 if result else 1)


def _read_inputs(path: Path) -> Any:
    from jtmigrate.cli.files import read_inputs

    return read_inputs(path)


def _side(spec: str, inputs: Any) -> "Side":
    from jtmigrate.checkpoint import read_checkpoint
    from jtmigrate.cli.factories import build_model
    from jtmigrate.naming.match import Side
    from jtmigrate.naming.schema import TensorSpec

    trace = None
    if Path(spec).exists() or ":" not in spec:
        if inputs is not None:
            raise UserError(f"{spec}: a file cannot be run on --input: give MODULE:FACTORY")
        arrays = read_checkpoint(spec).tensors
    else:
        model = build_model(spec)
        arrays = model.adapter.state(model.module)
        trace = None if inputs is None else model.adapter.record(model.module, inputs)
    return Side({name: TensorSpec(array.shape, array.dtype.name) for name, array in arrays.items()}, arrays, trace)
