"""A `ConversionReport` on the console and as JSON."""

import json
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from jtmigrate.convert import ConversionReport, Fate, TensorFate
from jtmigrate.files import write_text

SCHEMA = 1

NAMES_SHOWN = 2
"""Names printed per group; the JSON file holds them all."""


def print_conversion(report: ConversionReport, console: Console) -> None:
    """What was converted into what, a table with one row per fate and reason, and the notes."""
    kept = [tensor for tensor in report.tensors if tensor.fate is not Fate.LEFT_OUT]
    verb = "wrote" if report.written else "would write"
    console.print(f"read {escape(report.src)} ({report.source_container})", soft_wrap=True)
    console.print(
        f"{verb} {escape(report.dst)} ({report.container}): {len(kept)} tensors, {_size(kept)}", soft_wrap=True
    )
    console.print(_table(report.tensors))
    for note in report.notes:
        console.print(f"note: {escape(note)}", soft_wrap=True)


def to_dict(report: ConversionReport) -> dict[str, Any]:
    """Everything in the report as JSON types, and the number of tensors per fate."""
    counts = {fate.value: count for fate, count in report.counts.items()}
    return {"schema": SCHEMA, "counts": counts, **asdict(report)}


def write_conversion(report: ConversionReport, path: str | os.PathLike[str]) -> None:
    """Write `to_dict(report)` to a file, atomically. Raises UserError if the place cannot be written to."""
    write_text(path, json.dumps(to_dict(report), indent=1, ensure_ascii=False) + "\n")


def _table(tensors: Sequence[TensorFate]) -> Table:
    groups: dict[tuple[Fate, str], list[TensorFate]] = defaultdict(list)
    for tensor in tensors:
        groups[tensor.fate, tensor.reason].append(tensor)
    table = Table("fate", "tensors", "size", "reason", "names")
    table.columns[1].justify = table.columns[2].justify = "right"
    for (fate, reason), group in groups.items():
        table.add_row(fate.value, str(len(group)), _size(group), escape(reason), escape(_names(group)))
    return table


def _names(tensors: Sequence[TensorFate]) -> str:
    names = [tensor.name for tensor in tensors]
    return ", ".join(names[:NAMES_SHOWN]) + (", ..." if len(names) > NAMES_SHOWN else "")


def _size(tensors: Sequence[TensorFate]) -> str:
    return decimal(sum(tensor.nbytes for tensor in tensors))
