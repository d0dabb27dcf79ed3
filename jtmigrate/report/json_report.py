"""The whole result as JSON, for programs.

Schema 2, described field by field in docs/json.md. Names are those of `jtmigrate.compare.result`. What was not measured
is null. A number is a number; the three that JSON cannot write are the strings "NaN", "Infinity" and "-Infinity", which
`float()` in Python and `Number()` in JavaScript read back.
"""

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np

from jtmigrate.compare.result import DiffResult, LayerResult, QuantityResult
from jtmigrate.compare.tolerance import smallest_tolerances
from jtmigrate.files import write_text
from jtmigrate.report.rows import count_verdicts

SCHEMA = 2


def to_dict(result: DiffResult) -> dict[str, Any]:
    """Everything in a result as dicts, lists, strings, numbers, booleans and None.

    `first_fault` is the key of a row of `layers` ("" is the whole model) or of `quantities`, as `first_fault_in` says.
    """
    fault, worst = result.first_fault, result.worst_propagated
    return {
        "schema": SCHEMA,
        "aligned": result.aligned,
        "failures": list(result.failures),
        "warnings": list(result.warnings),
        "first_fault": None if fault is None else fault.key,
        "first_fault_in": None if fault is None else "layers" if isinstance(fault, LayerResult) else "quantities",
        "cause": result.cause,
        "fault_map": _plain(result.fault_map),
        "counts": {verdict.value: count for verdict, count in result.counts.items()},
        "quantity_counts": {verdict.value: count for verdict, count in count_verdicts(result.quantities).items()},
        "worst_propagated": None if worst is None else {"key": worst.key, **_plain(worst.propagated)},
        "tolerances": _plain(result.tolerances),
        "smallest_tolerances": _plain(smallest_tolerances(result)),
        "coverage": [_coverage(each) for each in _plain(result.coverage)],
        "settings": _plain(result.settings),
        "layers": [_row(layer) for layer in result.layers],
        "quantities": [_row(quantity) for quantity in result.quantities],
        "parameters": [_plain(parameter) for parameter in result.parameters],
        "drift": _plain(result.drift),
        "sources": {
            path: {"reference": reference, "candidate": candidate}
            for path, (reference, candidate) in result.sources.items()
        },
        "meta": _plain(result.meta),
    }


def write_json(result: DiffResult, path: str | os.PathLike[str]) -> None:
    """Write `to_dict(result)` to a file, atomically. Raises UserError if the place cannot be written to."""
    write_text(path, json.dumps(to_dict(result), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def _row(row: LayerResult | QuantityResult) -> dict[str, Any]:
    return {"key": row.key, "path": row.path, **_plain(row)}


def _coverage(coverage: dict[str, Any]) -> dict[str, Any]:
    missing = [{"name": name, "reason": reason} for name, reason in coverage["missing"]]
    return {**coverage, "missing": missing}


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
