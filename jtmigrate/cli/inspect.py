"""`jtmigrate inspect`: what a checkpoint file holds, nothing in it executed."""

from pathlib import Path
from typing import Annotated

import typer

WIDTH = 160
"""Characters of a line that goes to a file or another program, where there is no terminal to ask."""


def command(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Checkpoint: .pth, .pt, .ckpt, .pkl, .safetensors (or their index), .npz or .onnx."
        ),
    ],
    trust: Annotated[
        list[str] | None,
        typer.Option(metavar="MODULE.NAME", help="Import this class or function of the file and run it. Repeatable."),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Write names, shapes and dtypes as JSON, for convert --schema.")
    ] = False,
) -> None:
    """List the tensors of a checkpoint with their statistics, and what else is in the file. Nothing is executed.

    Exit code 0 if the file can be read, 2 if not.
    """
    from rich.console import Console

    from jtmigrate.inspect import inspect
    from jtmigrate.naming.schema_json import schema_text
    from jtmigrate.report.inspection import print_inspection

    found = inspect(file, trust=trust or ())
    if schema:
        typer.echo(schema_text(found.schema), nl=False)
        return
    console = Console()
    print_inspection(found, console if console.is_terminal else Console(width=WIDTH))
