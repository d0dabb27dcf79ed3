"""One program a framework: the same commands around another engine."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

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


def later(module: str, name: str) -> Callable[..., Any]:
    """What a module calls by this name, imported when it is called: help and wrong usage need no framework."""

    def call(*arguments: Any, **options: Any) -> Any:
        return getattr(import_module(module), name)(*arguments, **options)

    return call


def application(
    name: str,
    program: str,
    load: Load,
    export_graph: Export | None = None,
    trainer: NewTrainer | None = None,
    join: Join = lambda: nullcontext(ALONE),
) -> typer.Typer:
    """`python -m PROGRAM` around the framework NAME; without `export` and `train` where that cannot be done.

    A command gets its Backend by calling its context's object; nothing is called before its options are parsed.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)

    @app.callback(help=f"NanoDet-Plus in {name}.")
    def bind(context: typer.Context) -> None:
        @cache
        def backend() -> Backend:
            return Backend(name, program, load, export_graph, trainer, context.with_resource(join()))

        context.obj = backend

    app.command("eval")(evaluate.command)
    app.command("infer")(infer.command)
    if export_graph:
        app.command("export")(export.command)
    if trainer:
        app.command("train")(train.command)
    return app
