"""`make deliverables`: one folder of everything that was measured, and a table of both frameworks side by side."""

from pathlib import Path
from typing import Annotated

import typer

from jtmigrate.cli.main import run
from nanodet_common.deliverables.folder import Contents, check_replaceable, write_folder
from nanodet_common.deliverables.table import comparison, read_evaluation, read_training, to_markdown

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    torch: Annotated[Path | None, typer.Option(metavar="DIR", help="PyTorch's training run.")] = None,
    jittor: Annotated[Path | None, typer.Option(metavar="DIR", help="Jittor's training run.")] = None,
    evaluation: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="Result of `jtmigrate eval --json`; reports/eval's if there."),
    ] = None,
    reports: Annotated[Path, typer.Option(metavar="DIR", help="What the other make targets wrote.")] = Path("reports"),
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder; replaced if it is there.")] = Path(
        "deliverables"
    ),
) -> None:
    """Gather curves, pictures, logs and reports. What was not measured is called so.

    Exit code 0 when done, 2 if the input is unusable.
    """
    check_replaceable(out)
    usual = reports / "eval" / "result.json"
    path = evaluation or (usual if usual.is_file() else None)
    folders = {name: folder for name, folder in (("PyTorch", torch), ("Jittor", jittor)) if folder}
    trainings = {name: read_training(folder, name) for name, folder in folders.items()}
    rows = comparison(trainings, read_evaluation(path) if path else None, path)
    write_folder(out, Contents(rows, trainings, reports))
    typer.echo(to_markdown(rows))
    typer.echo(str(out / "README.md"))


if __name__ == "__main__":
    run(app)
