"""`python -m alignment_tests.mutations`: inject every kind of fault, write the report."""

import time
from pathlib import Path
from typing import Annotated

import torch  # noqa: F401  (before Jittor: both bring a oneDNN, and the other order can crash)
import typer
from rich.console import Console

from jtmigrate import runtime
from jtmigrate.cli.main import run as run_app
from jtmigrate.facts import provenance
from jtmigrate.files import check_writable, write_text

PROGRAM = "python -m alignment_tests.mutations"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    out: Annotated[Path, typer.Option(metavar="FILE", help="The report; its picture is written beside it.")] = Path(
        "reports/mutation-matrix.md"
    ),
    seed: Annotated[int, typer.Option(help="Draws places and sizes of the faults.")] = 1,
    full: Annotated[bool, typer.Option("--full", help="nanodet-plus-m_416 with trained weights.")] = False,
    tries: Annotated[int, typer.Option(min=0, help="Faults a point of the detection limit; 0 leaves it out.")] = 3,
) -> None:
    """Inject faults of every kind into faithful ports and report which are found, where, and with what cause.

    Exit code 0 if all are detected, 95 % localised and nothing else is called a fault; otherwise 1.
    """
    runtime.prepare()
    from alignment_tests.mutations import clean, limit, matrix, report

    picture = out.with_suffix(".svg")
    check_writable(out)
    console = Console(stderr=True)
    started = time.perf_counter()
    console.print(f"seed {seed}", highlight=False)
    outcomes = []
    for outcome in matrix.run(matrix.MUTATIONS, seed, full=full):
        outcomes.append(outcome)
        console.print(f"{outcome.mutation.name}: {outcome.found}, {outcome.cause}", highlight=False, soft_wrap=True)
    alarms = clean.alarms(full=full, progress=lambda name: console.print(name, highlight=False))
    shares = tuple(limit.shares(seed, tries)) if tries else ()
    facts = provenance(PROGRAM) | {"seed": str(seed), "seconds": f"{time.perf_counter() - started:.0f}"}
    measured = report.Measured(outcomes, alarms, shares, facts)
    write_text(out, report.to_markdown(measured, picture.name))
    if shares:
        limit.draw_picture(shares, picture)
    total, detected, localised, named = report.scores(outcomes)
    console.print(f"{total} faults: {detected} detected, {localised} localised, {named} causes named", highlight=False)
    console.print(f"report: {out}", highlight=False, soft_wrap=True)
    passed = detected == total and localised >= matrix.LOCALISED * total and not any(alarms.values())
    raise typer.Exit(0 if passed else 1)


if __name__ == "__main__":
    run_app(app)
