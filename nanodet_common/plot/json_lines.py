"""The log that `train` writes: one JSON object a line."""

import json
from pathlib import Path
from typing import Any

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
        except (ValueError, KeyError, TypeError):
            damaged += 1
            continue
        if record["kind"] == "start":
            facts = facts or {key: value for key, value in record.items() if key != "kind"}
        else:
            _add(points, record)
    return Run(name, str(path), "JSON lines", points.series(), damaged, facts)


def _record(line: bytes) -> dict[str, Any]:
    """The object of a line. Raises ValueError, KeyError or TypeError for anything else than the three kinds."""
    record = json.loads(line)
    if record["kind"] not in ("start", "train", "validation"):
        raise ValueError(record["kind"])
    if record["kind"] != "start":
        for name, value in record.items():
            optional = name not in PLACES and value is None
            if name != "kind" and not optional and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise TypeError(name)
        record["epoch"], record["step"]
    return record


def _add(points: Points, record: dict[str, Any]) -> None:
    for name, value in record.items():
        if name in PLACES or value is None:
            continue
        twice = record["kind"] == "validation" and name.startswith(IN_BOTH)
        points.add(f"{VALIDATION}{name}" if twice else name, value, step=record["step"], epoch=record["epoch"])
