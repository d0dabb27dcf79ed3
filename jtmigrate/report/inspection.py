"""An `Inspection` on the console."""

from collections.abc import Iterable, Iterator
from itertools import islice

from rich import box
from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from jtmigrate.inspect import Inspection, TensorInfo
from jtmigrate.report.numbers import counted, printable, scientific, shape

NAMES_SHOWN = 3
"""Names printed in a cell of the last column."""


def print_inspection(found: Inspection, console: Console) -> None:
    """Where the tensors lie, one row each, and what else the file holds."""
    place = f", under {printable(found.wrapper)!r}" if found.wrapper else ""
    tensors = counted(len(found.tensors), "tensor")
    lines = [f"{printable(found.path)}: {found.container}{place}, {tensors}, {decimal(found.nbytes)}"]
    if found.left_behind:
        lines.append(f"other entries: {_listed(found.left_behind)}")
    if found.dangerous:
        lines.append(f"UNSAFE: loaded elsewhere, this file could run code through {_listed(found.dangerous)}")
    if found.opaque:
        lines.append(f"unknown classes and functions, named by the file and never called: {_listed(found.opaque)}")
    unusual = [tensor for tensor in found.tensors if tensor.statistics.nans or tensor.statistics.infs]
    if unusual:
        lines.append(f"not finite: {_listed(tensor.name for tensor in unusual)}")
    console.print(_table(found.tensors))
    for line in lines:
        console.print(escape(line), soft_wrap=True, highlight=False)


def _table(tensors: Iterable[TensorInfo]) -> Table:
    table = Table("name", "shape", "dtype", "size", "min", "max", "mean", "NaN", "Inf", "shared", box=box.SIMPLE)
    for column in table.columns:
        column.overflow = "fold"
    for column in table.columns[3:9]:
        column.justify = "right"
    for tensor in tensors:
        statistics = tensor.statistics
        table.add_row(
            escape(printable(tensor.name)),
            shape(tensor.shape),
            tensor.dtype,
            decimal(tensor.nbytes),
            _value(statistics.minimum),
            _value(statistics.maximum),
            scientific(statistics.mean),
            str(statistics.nans),
            str(statistics.infs),
            escape(_shared(tensor)),
        )
    return table


def _value(value: float | None) -> str:
    return str(value) if isinstance(value, int) else scientific(value)


def _shared(tensor: TensorInfo) -> str:
    own = {tensor.name, *tensor.tied[:1]}
    tied = _first(name for name in tensor.tied if name != tensor.name)
    views = _first(name for name in tensor.sharing if name not in own)
    common = _first(name for name in tensor.overlapping if name not in own)
    shared = {"tied to": tied, "storage of": views, "elements of": common}
    return "; ".join(f"{label} {names}" for label, names in shared.items() if names)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(printable, names))


def _first(names: Iterator[str]) -> str:
    shown = list(islice(names, NAMES_SHOWN))
    return _listed(shown) + (", ..." if next(names, None) else "")
