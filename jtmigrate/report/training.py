"""A training checkpoint on the console."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from jtmigrate.checkpoint.tree import Tree


def print_training(tree: Tree, dst: str, console: Console, *, written: bool) -> None:
    """What was converted into what, a row for every top-level entry, and what was left behind."""
    console.print(f"read {escape(tree.path)}", soft_wrap=True)
    console.print(f"{'wrote' if written else 'would write'} {escape(dst)}", soft_wrap=True)
    table = Table("entry", "tensors", "size", "value")
    table.columns[1].justify = table.columns[2].justify = "right"
    for name, entry in tree.entries.items():
        arrays = list(_arrays(entry))
        plain = "" if isinstance(entry, Mapping | list | tuple | np.ndarray) else str(entry)
        table.add_row(escape(str(name)), str(len(arrays)), decimal(sum(a.nbytes for a in arrays)), escape(plain))
    console.print(table)
    if tree.left_behind:
        console.print(f"note: left behind: {escape(', '.join(tree.left_behind))}", soft_wrap=True)


def _arrays(entry: Any) -> Iterator[np.ndarray]:
    if isinstance(entry, np.ndarray):
        yield entry
    elif isinstance(entry, Mapping | list | tuple):
        for member in entry.values() if isinstance(entry, Mapping) else entry:
            yield from _arrays(member)
