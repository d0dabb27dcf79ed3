"""Rows of a result as a table for a terminal.

Names are never cut: a path that ends in dots could be any of ten layers. A table that does not fit in one line a row
takes two, and leaves out what can be done without.
"""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from jtmigrate.compare.result import DiffResult, Verdict
from jtmigrate.report import numbers
from jtmigrate.report.numbers import scientific
from jtmigrate.report.rows import Row, amplification_words, inherited_words, remarks, scaled, short_name

STYLES: dict[Verdict, str] = {
    Verdict.IDENTICAL: "green",
    Verdict.ALIGNED: "green",
    Verdict.ROUNDING: "yellow",
    Verdict.MISMATCH: "bold red",
    Verdict.UNCOMPARED: "magenta",
}
NUMBER_COLUMNS = {"propagated": 10, "isolated": 8, "floor": 8, "float64": 8, "ULP": 8}
"""Heading and width of each. The widest number, such as 1.23e-10, takes eight characters."""
WIDE_ONLY = ("amplified", "inherited")


def print_rows(rows: Sequence[Row], result: DiffResult, console: Console) -> None:
    """A line each where the console is wide enough, else two."""
    table = _wide_table(rows, result)
    unbounded = console.options.update(max_width=10_000)
    if Measurement.get(console, unbounded, table).maximum <= console.width:
        console.print(table)
    else:
        _print_narrow_table(rows, result, console)


def say(console: Console, text: Text) -> None:
    """Print without markup, so that a name such as `blocks[0]` stays what it is; fold what is too long for a line."""
    console.print(text, overflow="fold", highlight=False)


def note(console: Console, text: str) -> None:
    say(console, Text(text, style="dim"))


def fact(console: Console, label: str, value: str | Text) -> None:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=10, style="dim")
    grid.add_column(overflow="fold")
    grid.add_row(label, Text(value) if isinstance(value, str) else value)
    console.print(grid, highlight=False)


def _wide_table(rows: Iterable[Row], result: DiffResult) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("name", "kind", "shape"):
        table.add_column(name, no_wrap=True)
    for name in (*NUMBER_COLUMNS, *WIDE_ONLY):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row in rows:
        cells = [short_name(row), row.kind, numbers.shape(row.shape), *_number_cells(row)]
        table.add_row(*map(Text, (*cells, amplification_words(row), inherited_words(row))), _verdict_text(row, result))
    return table


def _print_narrow_table(rows: Iterable[Row], result: DiffResult, console: Console) -> None:
    width = min(console.width, 100)
    say(console, _spread(Text("name", style="dim"), Text("verdict", style="dim"), width))
    say(console, _spread(Text("  kind, shape", style="dim"), Text(_align(NUMBER_COLUMNS), style="dim"), width))
    for row in rows:
        say(console, _spread(Text(short_name(row), style="bold"), _verdict_text(row, result), width))
        what = Text(f"  {row.kind} {numbers.shape(row.shape)}")
        say(console, _spread(what, Text(_align(_number_cells(row))), width))


def _number_cells(row: Row) -> list[str]:
    judged = row.isolated or row.propagated
    return [
        scientific(scaled(row, "propagated")),
        scientific(scaled(row, "isolated")),
        scientific(row.floor),
        scientific(scaled(row, "float64")),
        scientific(judged.ulp_max if judged else None),
    ]


def _verdict_text(row: Row, result: DiffResult) -> Text:
    is_first = result.first_fault is not None and row.key == result.first_fault.key
    notes = remarks(row, result)
    words = f" ({', '.join(notes)})" if notes else ""
    return Text.assemble((row.verdict.value, STYLES[row.verdict]), words, " << first fault" if is_first else "")


def _align(cells: Iterable[str]) -> str:
    return " ".join(f"{cell:>{width}}" for cell, width in zip(cells, NUMBER_COLUMNS.values(), strict=True))


def _spread(left: Text, right: Text, width: int) -> Text:
    """Two texts at the two ends of a line; of two lines where they do not fit in one."""
    gap = width - cell_len(left.plain) - cell_len(right.plain)
    between = " " * gap if gap > 0 else "\n" + " " * max(0, width - cell_len(right.plain))
    return Text.assemble(left, between, right)
