"""What a baseline says of a result, for a terminal or a log."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from jtmigrate.baseline import Worsening
from jtmigrate.report.numbers import counted

SHOWN = 20


def print_worsenings(worsenings: Sequence[Worsening], baseline: Path, console: Console) -> None:
    """One line for everything that got worse, and one for the outcome."""
    for each in worsenings[:SHOWN]:
        console.print(Text(f"  {each.name}: {each.what}"), overflow="fold", highlight=False)
    if len(worsenings) > SHOWN:
        console.print(f"  + {len(worsenings) - SHOWN:,} more", highlight=False)
    outcome = (
        f"WORSE THAN {baseline}: {counted(len(worsenings), 'change')}"
        if worsenings
        else f"nothing worse than {baseline}"
    )
    console.print(Text(outcome, style="bold red" if worsenings else "bold green"), overflow="fold", highlight=False)
