"""A benchmark on the terminal."""

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from jtmigrate.bench.result import BenchResult, CaseResult
from jtmigrate.bench.result import Table as Looked
from jtmigrate.bench.rows import case_table, comparison_rows, number, remarks


def print_result(result: BenchResult, console: Console) -> None:
    """Every case, every table, and last what the comparisons come to."""
    for case in result.cases:
        console.print(_case(case))
        for remark in remarks(case):
            console.print(escape(remark), soft_wrap=True)
    for looked in result.tables:
        console.print(_looked(looked) if looked.rows else escape(f"{looked.title}: {looked.note}"))
    rows = list(comparison_rows(result.cases, result.families))
    if rows:
        table = Table("case", "compared", "variants", "speed", title=f"How fast {result.families[1]} is", box=SIMPLE)
        for row in rows:
            table.add_row(*map(escape, row))
        console.print(table)


def _case(result: CaseResult) -> Table:
    headings, rows = case_table(result)
    table = Table(title=escape(result.case.title), title_justify="left", box=SIMPLE)
    for column, heading in enumerate(headings):
        table.add_column(heading, justify="right" if column else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _looked(looked: Looked) -> Table:
    table = Table(title=escape(looked.title), caption=escape(looked.note), title_justify="left", box=SIMPLE)
    for column, cell in zip(looked.columns, looked.rows[0], strict=True):
        table.add_column(escape(column), justify="left" if isinstance(cell, str) else "right", overflow="fold")
    for row in looked.rows:
        table.add_row(*(escape(number(cell)) for cell in row))
    return table
