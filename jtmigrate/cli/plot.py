"""`jtmigrate plot`: curves and numbers of training runs."""

from pathlib import Path
from typing import Annotated

import typer


def command(
    logs: Annotated[
        list[Path],
        typer.Argument(metavar="LOG...", help="Log files, or folders in which to look for them; several are compared."),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where pictures and page are written.")] = Path(
        "reports/plot"
    ),
) -> None:
    """Draw training runs: losses, mAP, learning rate, gradients, speed, memory.

    Reads the log.jsonl of `train`, TensorBoard's event files, the original NanoDet's logs.txt, Lightning's metrics.csv.
    A damaged line is counted and left out. Exit code 0 when drawn, 2 if the input is unusable.
    """
    from rich.console import Console

    from jtmigrate.files import check_outputs
    from jtmigrate.presets.plot import print_runs, read_runs, write_report

    check_outputs((out / "index.html", out / "statistics.json"), logs)
    runs = read_runs(logs)
    print_runs(runs, Console())
    names = [run.name for run in runs]
    written = write_report(out, runs, " and ".join(names) if len(names) < 4 else f"{len(names)} runs")
    typer.echo(", ".join(map(str, written)))
