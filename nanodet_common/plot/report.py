"""Runs as a folder of pictures, a page, and a file of numbers; and as a table in a terminal."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from jtmigrate.files import write_text
from nanodet_common.figures import drawn
from nanodet_common.files import write_bytes
from nanodet_common.html import environment
from nanodet_common.plot.curves import Picture, pictures
from nanodet_common.plot.run import Run
from nanodet_common.plot.stages import stages
from nanodet_common.plot.statistics import duration, statistics
from nanodet_common.plot.words import place_words, run_words, value_words

TEMPLATES = Path(__file__).parent / "templates"
PLACES = ("first", "lowest", "highest", "last")


def write_report(folder: Path, runs: Sequence[Run], title: str) -> list[Path]:
    """Write the pictures, index.html and statistics.json. Raises UserError if that is impossible."""
    found = list(pictures(runs))
    files = {folder / f"{picture.name}.png": picture.draw(runs) for picture in found}
    for path, content in files.items():
        write_bytes(path, content)
    write_text(folder / "index.html", to_html(title, runs, found))
    write_text(folder / "statistics.json", json.dumps(to_dict(runs), indent=1, allow_nan=False))
    return [*files, folder / "index.html", folder / "statistics.json"]


def to_html(title: str, runs: Sequence[Run], found: Sequence[Picture]) -> str:
    """The page as text."""
    return environment(TEMPLATES).get_template("plot.html.j2").render(
        title=title,
        runs=[
            (
                run.name,
                run_words(run),
                [(name, statistics(series)) for name, series in run.series.items()],
                stages(run.series["lr"]) if "lr" in run.series else (),
            )
            for run in runs
        ],
        pictures=[(picture, drawn(picture.draw, runs)) for picture in found],
        places=PLACES,
        place_words=place_words,
        value_words=value_words,
    )  # fmt: skip


def to_dict(runs: Sequence[Run]) -> dict[str, Any]:
    """For JSON: numbers are numbers, and what the log does not tell is None."""
    return {
        run.name: {
            "source": run.source,
            "kind": run.kind,
            "damaged": run.damaged,
            "seconds": duration(run),
            "facts": dict(run.facts),
            "stages": [stage._asdict() for stage in stages(run.series["lr"])] if "lr" in run.series else [],
            "series": {name: statistics(series).to_dict() for name, series in run.series.items()},
        }
        for run in runs
    }


def print_runs(runs: Sequence[Run], console: Console) -> None:
    """What the logs say, in numbers; the page tells of the steps too."""
    for run in runs:
        console.print(run.name, style="bold", markup=False, highlight=False)
        for label, words in run_words(run).items():
            console.print(f"  {label}: {words}", soft_wrap=True, markup=False, highlight=False)
        table = Table("series", *PLACES, "late mean", "values", box=None)
        for name, series in run.series.items():
            found = statistics(series)
            places = [getattr(found, place) for place in PLACES]
            values = (value_words(place and place.value) for place in places)
            table.add_row(name, *values, value_words(found.late_mean), f"{found.count:,}")
        console.print(table, highlight=False)
