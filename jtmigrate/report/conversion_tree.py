"""A `TreeReport` on the console, as JSON and as Markdown."""

import json
import os
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from jtmigrate.convert import Fate
from jtmigrate.convert_tree import TreeEntry, TreeReport
from jtmigrate.files import write_text
from jtmigrate.report.conversion import to_dict
from jtmigrate.report.markdown_text import code, plain, table
from jtmigrate.report.numbers import counted, printable

SCHEMA = 1

_HEADING = ("checkpoint", "outcome", "tensors", "size")


def print_tree(report: TreeReport, console: Console) -> None:
    """One row a checkpoint, then the refusals, a line each, and how many there were."""
    found = Table(*_HEADING, box=box.SIMPLE)
    found.columns[0].overflow = "fold"
    found.columns[2].justify = found.columns[3].justify = "right"
    for entry in report.entries:
        found.add_row(*map(escape, _row(entry, report)))
    console.print(found)
    for entry in report.entries:
        if entry.refusal:
            console.print(f"refused: {escape(printable(entry.refusal))}", soft_wrap=True, highlight=False)
    console.print(escape(_summary(report)), soft_wrap=True)


def write_tree(report: TreeReport, path: str | os.PathLike[str]) -> None:
    """Write the whole report, as Markdown to a `.md` file and else as JSON, atomically.

    Raises UserError if the place cannot be written to.
    """
    write_text(path, _to_markdown(report) if Path(path).suffix == ".md" else _to_json(report))


def _to_json(report: TreeReport) -> str:
    found = {"schema": SCHEMA, "src": report.src, "dst": report.dst, "entries": list(map(_entry, report.entries))}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _entry(entry: TreeEntry) -> dict[str, Any]:
    report = to_dict(entry.report) if entry.report is not None else None
    return {"src": entry.src, "dst": entry.dst, "refusal": entry.refusal, "report": report}


def _to_markdown(report: TreeReport) -> str:
    rows = [(code(name), plain(outcome), *rest) for name, outcome, *rest in (_row(e, report) for e in report.entries)]
    refusals = "\n".join(f"- refused: {plain(printable(entry.refusal))}" for entry in report.entries if entry.refusal)
    parts = [f"# {plain(printable(_summary(report)))}", table(_HEADING, "llrr", rows), refusals]
    return "\n\n".join(filter(None, parts)) + "\n"


def _row(entry: TreeEntry, report: TreeReport) -> tuple[str, ...]:
    name = printable(str(Path(entry.src).relative_to(report.src)))
    if entry.report is None:
        return name, "refused", "", ""
    kept = [tensor for tensor in entry.report.tensors if tensor.fate is not Fate.LEFT_OUT]
    outcome = "would be written" if not entry.report.written else "equal" if entry.report.proved else "written"
    return name, outcome, str(len(kept)), decimal(sum(tensor.nbytes for tensor in kept))


def _summary(report: TreeReport) -> str:
    refused = sum(bool(entry.refusal) for entry in report.entries)
    done = counted(len(report.entries) - refused, "checkpoint")
    return f"{report.src} to {report.dst}: {done} converted, {refused} refused"
