"""One program a framework: the same commands around another engine."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import typer

from nanodet_common.command_line import evaluate, export, infer, train
from nanodet_common.config import Config
from nanodet_common.engine import Engine, Load
from nanodet_common.training.engine import NewTrainer
from nanodet_common.training.processes import ALONE, Join, Processes

Export = Callable[[Engine, Config, Path], None]


class Backend(NamedTuple):
    """What the commands need of a framework: its name, the program's, how engines are made, exported and trained; and
    the processes that run the same command together."""

    name: str
    program: str
    load: Load
    export: Export | None
    trainer: NewTrainer | None
    processes: Processes


def application(
    name: str,
    program: str,
    load: Load,
    export_graph: Export | None = None,
    trainer: NewTrainer | None = None,
    join: Join = lambda: nullcontext(ALONE),
) -> typer.Typer:
    """`python -m PROGRAM` around the framework NAME; without `export` and `train` where that cannot be done."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)

    @app.callback(help=f"NanoDet-Plus in {name}.")
    def bind(context: typer.Context) -> None:
        processes = context.with_resource(join())
        context.obj = Backend(name, program, load, export_graph, trainer, processes)

    app.command("eval")(evaluate.command)
    app.command("infer")(infer.command)
    if export_graph:
        app.command("export")(export.command)
    if trainer:
        app.command("train")(train.command)
    return app
