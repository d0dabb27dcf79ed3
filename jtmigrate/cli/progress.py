"""Where a long command stands: a spinner on a terminal, a line a stage in a log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console


@contextmanager
def stages(console: Console) -> Iterator[Callable[[str], None]]:
    """A function that is told each stage as it begins."""
    if not console.is_terminal:
        yield lambda stage: console.print(f"{stage} ...", highlight=False)
        return
    with console.status("starting") as status:
        yield lambda stage: status.update(stage)
