"""The log that `train` writes: one JSON object a line."""

import json
import math
from pathlib import Path
from typing import Any

from nanodet_common.datasets.json_file import too_deep
from nanodet_common.plot.run import VALIDATION, Points, Run

PLACES = ("kind", "epoch", "step", "batch")
IN_BOTH = ("loss", "aux_loss", "seconds")
"""What a validation measures under a name that training uses too begins with one of these."""


def read_json_lines(path: Path, name: str) -> Run:
    """A run from its log.jsonl. Raises OSError if it cannot be read."""
    points, facts, damaged = Points(), {}, 0
    for line in path.read_bytes().splitlines():
        try:
            record = _record(line)
        except (ValueError, KeyError, TypeError, OverflowError):
            damaged += 1
            continue
        if record["kind"] == "start":
            facts = facts or {key: value for key, value in record.items() if key != "kind"}
        elif record["kind"] != "left_out":
            _add(points, record)
    return Run(name, str(path), "JSON lines", points.series(), damaged, facts)


def _record(line: bytes) -> dict[str, Any]:
    """The object of a line, its numbers as floats.

    Raises ValueError, KeyError, TypeError or OverflowError for anything else than the four kinds.
    """
    if too_deep(line):
        raise ValueError("nested too deeply")
    record = json.loads(line)
    if record["kind"] not in ("start", "train", "validation", "left_out"):
        raise ValueError(record["kind"])
    if record["kind"] in ("start", "left_out"):
        return record
    numbers = {name: _number(value) for name, value in record.items() if name != "kind" and value is not None}
    if not math.isfinite(numbers["epoch"] + numbers["step"]):
        raise ValueError("a step that is no number")
    return {"kind": record["kind"], **numbers}


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    return float(value)


def _add(points: Points, record: dict[str, Any]) -> None:
    for name, value in record.items():
        if name in PLACES:
            continue
        twice = record["kind"] == "validation" and name.startswith(IN_BOTH)
        points.add(f"{VALIDATION}{name}" if twice else name, value, step=record["step"], epoch=record["epoch"])
