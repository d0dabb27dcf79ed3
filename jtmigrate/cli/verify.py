"""`jtmigrate verify`: does the result in an evidence bundle still stand?"""

import shlex
from pathlib import Path
from typing import Annotated

import typer

SHOWN = 20


def command(
    bundle: Annotated[Path, typer.Argument(metavar="FILE.zip", help="Evidence bundle, from --evidence.")],
) -> None:
    """Run the comparison in an evidence bundle again and say whether its verdicts and numbers stand.

    The models that the bundle's command names are imported and run: verify only bundles whose models you trust.

    Exit code 0 if the result stands, 1 if not, 2 if the bundle is unusable or its command cannot be run.
    """
    from rich.console import Console

    from jtmigrate.evidence import read_evidence, verify
    from jtmigrate.report.numbers import counted, printable

    console = Console(highlight=False, soft_wrap=True, markup=False)
    found = read_evidence(bundle)
    console.print(f"running again: jtmigrate {printable(shlex.join(found.arguments))}")
    outcome = verify(found)
    for change in outcome.changed:
        console.print(f"changed since: {printable(change)}")
    for difference in outcome.different[:SHOWN]:
        console.print(f"different: {printable(difference)}")
    number = len(outcome.different)
    console.print("STANDS" if outcome else f"DOES NOT STAND: {counted(number, 'difference')}")
    raise typer.Exit(0 if outcome else 1)
