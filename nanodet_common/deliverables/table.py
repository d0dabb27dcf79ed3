"""Both frameworks side by side. Every cell comes from a file, and says from which; or nothing was measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nanodet_common.datasets.json_file import read_json
from nanodet_common.errors import InputError
from nanodet_common.plot.find import read_runs
from nanodet_common.plot.run import Run
from nanodet_common.plot.statistics import Statistics, duration, statistics

FRAMEWORKS = {"PyTorch": "torch", "Jittor": "jittor"}
"""Columns, named as in the results of `jtmigrate eval` -> the name in a run's log."""
WEIGHTS = {"PyTorch": "weights_last.pth", "Jittor": "weights_last.pkl"}
NOT_MEASURED = "not measured"


class Cell(NamedTuple):
    """A value, None where nothing was measured, and the file that it comes from."""

    value: float | None = None
    source: str | None = None


class Row(NamedTuple):
    """A quantity: its name with the unit, how it comes about, decimals to show, a cell a framework."""

    name: str
    meaning: str
    decimals: int
    cells: Mapping[str, Cell]


class Training(NamedTuple):
    """A training run: its folder and its log."""

    folder: Path
    run: Run


def read_training(folder: Path, framework: str) -> Training:
    """The run in a folder of `train`. Raises InputError where there is none, or another framework's."""
    (run, *others) = read_runs([folder])
    if others:
        raise InputError(f"{folder}: holds {1 + len(others)} runs; name the folder of one")
    wrote = run.facts.get("framework", FRAMEWORKS[framework])
    if wrote != FRAMEWORKS[framework]:
        raise InputError(f"{folder}: the run was begun in {wrote}, and {framework}'s is asked for")
    return Training(folder, run)


def read_evaluation(path: Path) -> Mapping[str, Any]:
    """The runs of a result of `jtmigrate eval --json`, by framework. Raises InputError for anything else."""
    result = read_json(path)
    runs = result.get("runs") if isinstance(result, dict) else None
    usable = isinstance(runs, dict) and all(isinstance(run, dict) for run in runs.values())
    if not usable or not any(name in runs for name in FRAMEWORKS):
        raise InputError(f"{path}: no result of `jtmigrate eval --json`: it has no run of {' or '.join(FRAMEWORKS)}")
    return runs


def comparison(
    trainings: Mapping[str, Training], evaluation: Mapping[str, Any] | None, evaluated_in: Path | None
) -> tuple[Row, ...]:
    """The table. Both mappings by framework, as far as there is something."""
    logs = {name: _from_log(training) for name, training in trainings.items()}
    evals = {name: _from_evaluation(run, evaluated_in) for name, run in (evaluation or {}).items()}
    sizes = {name: {"size": _size(training.folder / WEIGHTS[name])} for name, training in trainings.items()}
    wanted = (
        ("mAP, end of training", "last validation of the run, on its own validation set", 4, logs, "mAP"),
        ("AP50, end of training", "the same at an IoU of 0.5", 4, logs, "AP50"),
        ("mAP, best of training", "best validation of the run", 4, logs, "best"),
        ("mAP, evaluation", "`jtmigrate eval`: COCO's mAP over its data set", 4, evals, "mAP"),
        ("AP50, evaluation", "the same at an IoU of 0.5", 4, evals, "AP50"),
        ("training, steps/s", "1 / median time of a step, its batch waited for", 3, logs, "steps_per_s"),
        ("training, images/s", "median over the steps", 2, logs, "images_per_s"),
        ("training, memory, MB", "highest value in the log, of 10^6 bytes", 0, logs, "memory_mb"),
        ("training, time, h", "steps and validations, without the start of processes", 2, logs, "hours"),
        ("inference, images/s (FPS)", "`jtmigrate eval`: loading, model and post-processing together", 2, evals, "fps"),
        ("inference, memory, MB", "`jtmigrate eval`: highest resident memory", 0, evals, "memory_mb"),
        ("model, MB", "file of the averaged weights, of 10^6 bytes", 2, sizes, "size"),
    )
    return tuple(
        Row(name, meaning, decimals, {framework: found.get(framework, {}).get(key, Cell()) for framework in FRAMEWORKS})
        for name, meaning, decimals, found, key in wanted
    )


def to_markdown(rows: Sequence[Row]) -> str:
    """The table, with what each row means."""
    lines = [f"| | {' | '.join(FRAMEWORKS)} | what it is |", f"| --- |{' ---: |' * len(FRAMEWORKS)} --- |"]
    for row in rows:
        cells = " | ".join(_words(cell, row.decimals) for cell in row.cells.values())
        lines.append(f"| {row.name} | {cells} | {row.meaning} |")
    return "\n".join(lines) + "\n"


def to_list(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """For JSON."""
    return [
        {"name": row.name, "meaning": row.meaning, **{name: cell._asdict() for name, cell in row.cells.items()}}
        for row in rows
    ]


def _from_log(training: Training) -> dict[str, Cell]:
    run = training.run
    found = {name: statistics(series) for name, series in run.series.items()}
    seconds, speed = run.values("seconds"), run.values("images_per_s")
    total = duration(run)
    values = {
        "mAP": _value(found.get("mAP"), "last"),
        "AP50": _value(found.get("AP50"), "last"),
        "best": _value(found.get("mAP"), "highest"),
        "steps_per_s": 1 / float(np.median(seconds)) if seconds.size else None,
        "images_per_s": float(np.median(speed)) if speed.size else None,
        "memory_mb": _value(found.get("memory_mb"), "highest"),
        "hours": None if total is None else total / 3600,
    }
    return _cells(values, run.source)


def _from_evaluation(run: Mapping[str, Any], path: Path | None) -> dict[str, Cell]:
    try:
        values = {
            **{name: run["coco"]["values"][name] for name in ("mAP", "AP50")},
            "fps": run["images_per_second"],
            "memory_mb": max((one["mb"] for one in run["memory"]), default=None),
        }
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: no result of `jtmigrate eval --json`: a run lacks {error}") from error
    return _cells(values, str(path))


def _size(path: Path) -> Cell:
    return Cell(path.stat().st_size / 1e6, str(path)) if path.is_file() else Cell()


def _value(found: Statistics | None, place: str) -> float | None:
    at = getattr(found, place, None)
    return None if at is None else at.value


def _cells(values: Mapping[str, float | None], source: str) -> dict[str, Cell]:
    return {name: Cell() if value is None else Cell(value, source) for name, value in values.items()}


def _words(cell: Cell, decimals: int) -> str:
    return NOT_MEASURED if cell.value is None else f"{cell.value:,.{decimals}f}"
