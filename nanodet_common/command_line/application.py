"""One program a framework: the same commands around another engine."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import typer

from nanodet_common.command_line import evaluate, export, infer
from nanodet_common.config import Config
from nanodet_common.engine import Engine, Load

Export = Callable[[Engine, Config, Path], None]


class Backend(NamedTuple):
    """What the commands need of a framework: its name, the program's, how an engine is made, how it is exported."""

    name: str
    program: str
    load: Load
    export: Export | None


def application(name: str, program: str, load: Load, export_graph: Export | None = None) -> typer.Typer:
    """`python -m PROGRAM` around the framework NAME; without `export` where nothing can be exported."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)

    @app.callback()
    def bind(context: typer.Context) -> None:
        """NanoDet-Plus: evaluate a checkpoint, detect objects in pictures and videos, export."""
        context.obj = Backend(name, program, load, export_graph)

    app.command("eval")(evaluate.command)
    app.command("infer")(infer.command)
    if export_graph:
        app.command("export")(export.command)
    return app
