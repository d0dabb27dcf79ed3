"""From paths on the command line to runs."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from jtmigrate.report.numbers import printable
from nanodet_common.errors import InputError
from nanodet_common.plot.json_lines import read_json_lines
from nanodet_common.plot.lightning_csv import read_lightning_csv
from nanodet_common.plot.nanodet_text import OURS, read_nanodet_text
from nanodet_common.plot.run import Run
from nanodet_common.plot.tensorboard import read_event_files

EVENTS = "tfevents"
IN_FOLDERS = ("log.jsonl", "metrics.csv", "logs.txt")
"""The first of these that a folder has is its log; else its event files are."""
HEAD = 1 << 16
"""As much of a text is looked at to tell whose log it is."""


class Log(NamedTuple):
    """A log: one file, or event files together. `place` is what names it."""

    place: Path
    files: tuple[Path, ...]


def read_runs(paths: Sequence[Path]) -> tuple[Run, ...]:
    """The run of every log file, and of all logs in every folder and in the folders in it.

    A log that a folder holds and in which nothing is told, as of a run that was stopped at once, is left out, and
    stderr says so. Raises InputError for a path that is no log, for such a log that was named itself, and where nothing
    else is left.
    """
    logs = list(dict.fromkeys(log for path in paths for log in _logs(path)))
    runs = tuple(_read(log, name) for log, name in zip(logs, _short_names(logs), strict=True))
    told = tuple(run for run in runs if run.series)
    for log, run in zip(logs, runs, strict=True):
        if run.series:
            continue
        damaged = f"; {run.damaged} of its lines are damaged" if run.damaged else ""
        reason = f"{run.source}: tells of no step and no validation{damaged}"
        if log.place in paths or not told:
            raise InputError(reason)
        print(f"left out: {printable(reason)}", file=sys.stderr)
    return told


def _logs(path: Path) -> list[Log]:
    if path.is_file():
        return [Log(path, (path,))]
    if not path.is_dir():
        raise InputError(f"{path}: does not exist")
    found = list(_in_folder(path))
    if not found:
        raise InputError(f"{path}: holds no log ({', '.join(IN_FOLDERS)} or event files of TensorBoard)")
    return found


def _in_folder(folder: Path) -> Iterator[Log]:
    for name in IN_FOLDERS:
        if (file := folder / name).is_file():
            yield Log(file, (file,))
            return
    if any(EVENTS in entry.name for entry in folder.iterdir()):
        # The original writes each of its series into a folder of its own below.
        yield Log(folder, tuple(sorted(file for file in folder.rglob(f"*{EVENTS}*") if file.is_file())))
        return
    for entry in sorted(entry for entry in folder.iterdir() if entry.is_dir()):
        yield from _in_folder(entry)


def _read(log: Log, name: str) -> Run:
    first = log.files[0]
    try:
        if EVENTS in first.name:
            return read_event_files(log.files, log.place, name)
        with open(first, "rb") as file:
            head = file.read(HEAD).decode(errors="replace")
        if first.suffix == ".csv":
            return read_lightning_csv(first, name)
        if first.suffix == ".jsonl" or head.lstrip().startswith("{"):
            return read_json_lines(first, name)
        if first.suffix in (".txt", ".log") or any(mark in head for mark in OURS):
            return read_nanodet_text(first, name)
    except OSError as error:
        raise InputError(f"{first}: cannot be read: {error.strerror}") from error
    raise InputError(f"{first}: no log of `train`, of NanoDet, of Lightning (.csv) or of TensorBoard ({EVENTS})")


def _short_names(logs: Sequence[Log]) -> list[str]:
    """The last parts of the paths, as few as tell all logs apart, without a file name that any run may have."""
    parts = []
    for log in logs:
        place = Path(os.path.abspath(log.place))
        parts.append((place.parent if place.name in IN_FOLDERS or EVENTS in place.name else place).parts)
    for count in range(1, max(map(len, parts)) + 1):
        names = ["/".join(one[-count:]) for one in parts]
        if len(set(names)) == len(names):
            return names
    return [str(log.place) for log in logs]
