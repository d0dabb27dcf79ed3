"""`jtmigrate doctor`: what is here, what is missing, and how to mend it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar
from rich.table import Table

from jtmigrate.errors import UserError
from jtmigrate.runtime import prepare
from jtmigrate.runtime.checks import Check, Status, checks
from jtmigrate.runtime.core import Progress, compile_core

STYLES = {Status.OK: "green", Status.WARN: "yellow", Status.FAULT: "bold red"}
LOG_EVERY = 30
"""Compiled files between two progress lines in a log."""


def command(
    fix: Annotated[bool, typer.Option("--fix", help="Copy oneDNN and compile Jittor's core where missing.")] = False,
) -> None:
    """List what jtmigrate needs of this machine, with a fix for each fault.

    Exit code 0 if everything runs (warnings allowed), 1 if there is a fault.
    """
    console = Console()
    mended = mend(console) if fix else True
    found = checks()
    console.print(render(found))
    faults = sum(check.status is Status.FAULT for check in found)
    console.print(f"{faults} fault{'s' if faults != 1 else ''}" if faults else "ready")
    raise typer.Exit(0 if mended and not faults else 1)


def mend(console: Console) -> bool:
    """Do what can be done without the user: prepare Jittor and compile its core. Says why where it cannot."""
    try:
        for line in prepare().lines:
            console.print(escape(line), soft_wrap=True)
        with progress_reporter(console) as report:
            compile_core(report)
    except UserError as error:
        console.print(f"[bold red]not mended:[/] {escape(str(error))}", soft_wrap=True)
        return False
    return True


def render(found: list[Check]) -> Table:
    """The checks as a table, one row each."""
    table = Table("check", "status", "detail", "fix")
    for column in table.columns[2:]:
        column.overflow = "fold"
    for check in found:
        status = f"[{STYLES[check.status]}]{check.status.value}[/]"
        table.add_row(check.name, status, escape(check.detail), escape(check.fix))
    return table


@contextmanager
def progress_reporter(console: Console) -> Iterator[Callable[[Progress], None]]:
    """A progress bar on a terminal, a line now and then in a log."""
    if not console.is_terminal:
        console.print("importing Jittor; where its core is not compiled yet this takes a few minutes")
        yield lambda progress: _log(console, progress)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with ProgressBar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("importing Jittor", total=None)
        yield lambda progress: bar.update(
            task, description=progress.stage, completed=progress.done, total=progress.total
        )


def _log(console: Console, progress: Progress) -> None:
    if progress.done % LOG_EVERY == 0 or progress.done == progress.total:
        console.print(f"compiling {progress.stage}: {progress.done} of {progress.total}")
