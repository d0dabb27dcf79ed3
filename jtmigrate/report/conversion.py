"""A `ConversionReport` on the console, as JSON and as Markdown."""

import json
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from jtmigrate.convert import ConversionReport, Fate, TensorFate
from jtmigrate.errors import UserError
from jtmigrate.files import check_writable, write_text
from jtmigrate.report.markdown_text import code, plain, table
from jtmigrate.report.numbers import printable, shape

SCHEMA = 1

NAMES_SHOWN = 2
"""Names printed per group; the report files hold them all."""


def print_conversion(report: ConversionReport, console: Console) -> None:
    """What was converted into what, a table with one row per fate and reason, and the notes."""
    console.print(f"read {escape(report.src)} ({report.source_container})", soft_wrap=True)
    console.print(escape(_outcome(report)), soft_wrap=True)
    console.print(_table(report.tensors))
    for note in report.notes:
        console.print(f"note: {escape(printable(note))}", soft_wrap=True)


def check_report(path: Path) -> None:
    """Raise UserError if `write_conversion` cannot write here: known before the conversion, not after it."""
    if path.suffix not in _TEXTS:
        raise UserError(f"{path}: unknown suffix {path.suffix!r} for a report; known: {', '.join(_TEXTS)}")
    check_writable(path)


def write_conversion(report: ConversionReport, path: str | os.PathLike[str]) -> None:
    """Write the whole report, as Markdown to a `.md` file and else as JSON, atomically.

    Raises UserError if the place cannot be written to.
    """
    write_text(path, _TEXTS.get(Path(path).suffix, to_json)(report))


def to_dict(report: ConversionReport) -> dict[str, Any]:
    """Everything in the report as JSON types, and the number of tensors per fate."""
    counts = {fate.value: count for fate, count in report.counts.items()}
    return {"schema": SCHEMA, "counts": counts, **asdict(report)}


def to_json(report: ConversionReport) -> str:
    """`to_dict(report)` as text."""
    return json.dumps(to_dict(report), indent=1, ensure_ascii=False) + "\n"


def to_markdown(report: ConversionReport) -> str:
    """What was done, the hashes, and every tensor."""
    facts = {"read": f"{report.src} ({report.source_container})", "result": _outcome(report)}
    facts["proof"] = "read back and equal bit for bit" if report.proved else "none"
    if report.hashes:
        facts |= {f"sha256 of {path}": digest for path, digest in report.hashes.source.items()}
        facts |= {f"sha256 of {report.dst}": report.hashes.destination} if report.hashes.destination else {}
        facts["sha256 of the map"] = report.hashes.map
    facts["versions"] = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    parts = [
        f"# Conversion of {plain(printable(Path(report.src).name))}",
        "\n".join(f"- {plain(label)}: {plain(printable(fact))}" for label, fact in facts.items()),
        "\n".join(f"- note: {plain(printable(note))}" for note in report.notes),
        table(("tensor", "source", "fate", "reason", "shape", "dtype"), "llllll", map(_row, report.tensors)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _row(tensor: TensorFate) -> tuple[str, ...]:
    names = (code(printable(name)) for name in (tensor.name, tensor.source))
    return *names, tensor.fate.value, plain(tensor.reason), shape(tensor.shape), tensor.dtype


_TEXTS = {".json": to_json, ".md": to_markdown}


def _outcome(report: ConversionReport) -> str:
    kept = [tensor for tensor in report.tensors if tensor.fate is not Fate.LEFT_OUT]
    verb = "wrote" if report.written else "would write"
    proof = ", read back and equal" if report.proved else ""
    return f"{verb} {report.dst} ({report.container}): {len(kept)} tensors, {_size(kept)}{proof}"


def _table(tensors: Sequence[TensorFate]) -> Table:
    groups: dict[tuple[Fate, str], list[TensorFate]] = defaultdict(list)
    for tensor in tensors:
        groups[tensor.fate, tensor.reason].append(tensor)
    found = Table("fate", "tensors", "size", "reason", "names")
    found.columns[1].justify = found.columns[2].justify = "right"
    for (fate, reason), group in groups.items():
        found.add_row(fate.value, str(len(group)), _size(group), escape(reason), escape(_names(group)))
    return found


def _names(tensors: Sequence[TensorFate]) -> str:
    names = [printable(tensor.name) for tensor in tensors]
    return ", ".join(names[:NAMES_SHOWN]) + (", ..." if len(names) > NAMES_SHOWN else "")


def _size(tensors: Sequence[TensorFate]) -> str:
    return decimal(sum(tensor.nbytes for tensor in tensors))
