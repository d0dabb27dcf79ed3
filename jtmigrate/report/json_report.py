"""The whole result as JSON, for programs.

Schema 1. Names are those of `jtmigrate.compare.result`. A quantity that was not measured is null. A number is a number;
the three that JSON cannot write are the strings "NaN", "Infinity" and "-Infinity", which `float()` in Python and
`Number()` in JavaScript read back.
"""

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np

from jtmigrate.compare.result import DiffResult, LayerResult
from jtmigrate.files import write_text

SCHEMA = 1


def to_dict(result: DiffResult) -> dict[str, Any]:
    """Everything in a result as dicts, lists, strings, numbers, booleans and None.

    `first_fault` is the key of a layer in `layers` ("" is the whole model) or None.
    """
    fault, worst = result.first_fault, result.worst_propagated
    return {
        "schema": SCHEMA,
        "aligned": result.aligned,
        "failures": list(result.failures),
        "warnings": list(result.warnings),
        "first_fault": None if fault is None else fault.key,
        "cause": result.cause,
        "counts": {verdict.value: count for verdict, count in result.counts.items()},
        "worst_propagated": None if worst is None else {"key": worst.key, **_plain(worst.propagated)},
        "tolerances": _plain(result.tolerances),
        "layers": [_layer(layer) for layer in result.layers],
        "parameters": [_plain(parameter) for parameter in result.parameters],
        "meta": _plain(result.meta),
    }


def write_json(result: DiffResult, path: str | os.PathLike[str]) -> None:
    """Write `to_dict(result)` to a file, atomically. Raises UserError if the place cannot be written to."""
    write_text(path, json.dumps(to_dict(result), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def _layer(layer: LayerResult) -> dict[str, Any]:
    return {"key": layer.key, "path": layer.path, **_plain(layer)}


def _plain(value: Any) -> Any:
    """A value as JSON types; what JSON does not know, such as a file path in `meta`, as its `str`."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if dataclasses.is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else _non_finite(value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _non_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
