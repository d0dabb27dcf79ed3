"""Where a long command stands."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout

from rich.console import Console


@contextmanager
def stages(console: Console) -> Iterator[Callable[[str], None]]:
    """A function that is told each stage as it begins: a spinner on a terminal, a line a stage in a log.

    What the models print meanwhile, and Jittor when it compiles, goes where the stages go, away from the result.
    """
    if not console.is_terminal:
        with redirect_stdout(console.file):
            yield lambda stage: console.print(f"{stage} ...", highlight=False)
        return
    with console.status("starting") as status:
        yield lambda stage: status.update(stage)
