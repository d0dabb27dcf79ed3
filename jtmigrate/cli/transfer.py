"""How far a transfer is: a bar for each step on a terminal, a line every tenth of the way in a log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn


@contextmanager
def transfers(console: Console) -> Iterator[Callable[[str, int, int | None], None]]:
    """A function that is told what is being done, how many bytes of it are done, and of how many."""
    if console.is_terminal:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console) as progress:
            yield _bars(progress)
    else:
        yield _lines(console)


def _bars(progress: Progress) -> Callable[[str, int, int | None], None]:
    tasks = {}

    def report(what: str, done: int, total: int | None) -> None:
        if what not in tasks:
            tasks[what] = progress.add_task(what, total=total)
        progress.update(tasks[what], completed=done, total=total)

    return report


def _lines(console: Console) -> Callable[[str, int, int | None], None]:
    told = {}

    def report(what: str, done: int, total: int | None) -> None:
        tenths = 10 * done // total if total else 0
        if told.get(what) != tenths:
            told[what] = tenths
            of = f" of {decimal(total)}" if total else ""
            console.print(f"{what}: {decimal(done)}{of}", highlight=False, markup=False, soft_wrap=True)

    return report
