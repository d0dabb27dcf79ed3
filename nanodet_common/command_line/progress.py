"""How far a run over images is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from jtmigrate.runtime.memory import resident_mb

LINES = 10
"""In a log, about so many a run."""


@contextmanager
def counting(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A function that is told how many of `total` images are done: a bar on a terminal, now and then a line in a log.

    Speed and resident memory stand beside it. Written to stderr. total: None where nobody knows.
    """
    console, started = Console(stderr=True), time.perf_counter()

    def standing(done: int) -> str:
        speed = done / max(time.perf_counter() - started, 1e-9)
        of = f" of {total:,}" if total else ""
        return f"{done:,}{of} images, {speed:.1f} a second, {resident_mb():,.0f} MB"

    if not console.is_terminal:
        step = max(1, total // LINES) if total else 100
        written = 0

        def write(done: int) -> None:
            nonlocal written
            if done // step > written or done == total:
                written = done // step
                console.print(f"{title}: {standing(done)}", highlight=False, soft_wrap=True)

        yield write
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[standing]}"))
    with Progress(*columns, console=console) as bars:
        task = bars.add_task(title, total=total, standing="")
        yield lambda done: bars.update(task, completed=done, standing=standing(done))
