"""The folder: what is copied into it, and what is written."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from nanodet_common.deliverables.table import Row, Training, to_list, to_markdown
from nanodet_common.errors import InputError
from nanodet_common.plot.report import write_report

MARK = "comparison.json"
"""A folder that has it was made here, and may be replaced."""
OF_A_RUN = ("config.yml", "environment.json", "log.jsonl", "results.json")


class Part(NamedTuple):
    """What is handed over: a name, where it comes from below the reports, the command that makes it."""

    name: str
    source: str
    command: str


PARTS = (
    Part("alignment", "alignment", "make align-report"),
    Part("evaluation", "eval", "make eval"),
    Part("pictures", "vis", "make vis"),
    Part("training", "training", "the commands in it"),
)


class Contents(NamedTuple):
    """What goes into the folder: the table, the runs by framework, the folder of reports."""

    rows: Sequence[Row]
    trainings: Mapping[str, Training]
    reports: Path


def check_replaceable(out: Path) -> None:
    """Raise InputError for a place that is neither empty nor a folder that `write_folder` has made."""
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file()):
        raise InputError(f"{out}: is there and was not made by this command; give another --out")


def write_folder(out: Path, contents: Contents) -> None:
    """Make the folder anew, whole or not at all. Raises InputError if that is impossible."""
    check_replaceable(out)
    try:
        out.resolve().parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.resolve().parent) as beside:
            new = Path(beside) / "new"
            _fill(new, contents)
            if out.exists():
                out.resolve().rename(Path(beside) / "old")
            new.rename(out.resolve())
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror or error}; give another --out") from error


def _fill(folder: Path, contents: Contents) -> None:
    folder.mkdir()
    for part in PARTS:
        if (contents.reports / part.source).is_dir():
            shutil.copytree(contents.reports / part.source, folder / part.name)
    for file in sorted(contents.reports.glob("*.md")):
        shutil.copy(file, folder)
    for name, training in contents.trainings.items():
        (folder / "runs" / name).mkdir(parents=True)
        for file in OF_A_RUN:
            if (training.folder / file).is_file():
                shutil.copy(training.folder / file, folder / "runs" / name)
    if contents.trainings:
        runs = [training.run for training in contents.trainings.values()]
        write_report(folder / "curves", runs, " and ".join(contents.trainings))
    (folder / MARK).write_text(json.dumps(to_list(contents.rows), indent=1, allow_nan=False))
    (folder / "README.md").write_text("\n".join(_readme(folder, contents)) + "\n")


def _readme(folder: Path, contents: Contents) -> Iterator[str]:
    yield "# NanoDet-Plus in PyTorch and in Jittor\n"
    yield to_markdown(contents.rows)
    yield f"Every number comes from a file; [{MARK}]({MARK}) says from which.\n"
    yield "## What is here\n"
    if contents.trainings:
        yield "- [curves](curves/index.html): losses, mAP, learning rate, gradients, speed and memory of the runs"
    for name, training in contents.trainings.items():
        damaged = f", {training.run.damaged} damaged lines" if training.run.damaged else ""
        yield f"- [runs/{name}](runs/{name}): configuration, log{damaged}, results and environment of {training.folder}"
    for part in PARTS:
        if (folder / part.name).is_dir():
            index = next((f"/{one}" for one in ("index.html", "README.md") if (folder / part.name / one).is_file()), "")
            yield f"- [{part.name}]({part.name}{index})"
    for file in sorted(folder.glob("*.md")):
        yield f"- [{file.stem}]({file.name})"
    missing = [f"{part.name} ({part.command})" for part in PARTS if not (folder / part.name).is_dir()]
    if missing:
        yield f"\nNot here, because it was not made: {', '.join(missing)}."
