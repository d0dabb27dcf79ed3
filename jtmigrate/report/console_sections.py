"""What a result holds beside layers and parameters, for a terminal or a log."""

from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from jtmigrate.compare.result import DiffResult
from jtmigrate.report import numbers
from jtmigrate.report.console_tables import STYLES, fact, note, print_rows, say
from jtmigrate.report.numbers import counted, scientific
from jtmigrate.report.rows import count_verdicts, scaled, worst
from jtmigrate.report.selection import (
    QuantityGroup,
    QuantitySelection,
    group_quantities,
    select_points,
    select_quantities,
)
from jtmigrate.report.summary import coverage_words, setting_words

SETTINGS_NAMED = 10
MISSING_NAMED = 3


def print_settings(result: DiffResult, console: Console) -> None:
    """Before any number: a module that was constructed differently computes differently."""
    if not result.settings:
        return
    console.print()
    number = counted(len(result.settings), "setting differs", "settings differ")
    say(console, Text(f"Constructed differently: {number}", style="bold yellow"))
    for difference in result.settings[:SETTINGS_NAMED]:
        say(console, Text(f"  {setting_words(difference)}"))
    if len(result.settings) > SETTINGS_NAMED:
        note(console, f"  + {len(result.settings) - SETTINGS_NAMED:,} more")


def print_quantities(result: DiffResult, console: Console, show: Literal["notable", "all"]) -> None:
    """A line a kind, then the rows that matter."""
    if not result.quantities:
        return
    console.print()
    for group in group_quantities(result.quantities):
        say(console, _group_words(group))
    console.print()
    if show == "all":
        print_rows(result.quantities, result, console)
        return
    selection = select_quantities(result)
    print_rows(selection.shown, result, console)
    if words := _hidden_words(selection):
        note(console, f"+ {words}")


def _group_words(group: QuantityGroup) -> Text:
    """`parameter gradient  196: 3 mismatch, 193 aligned; worst isolated 0.310, float64 0.310`."""
    counts = count_verdicts(group.members)
    words = [(f"{number:,} {verdict.value}", STYLES[verdict]) for verdict, number in counts.items()]
    joined = Text(", ").join(Text(text, style=style) for text, style in words)
    measured = {situation: worst(group.members, situation) for situation in ("isolated", "propagated", "float64")}
    errors = ", ".join(f"{name} {scientific(scaled(row, name))}" for name, row in measured.items() if row)
    ending = f"; worst {errors}" if errors else ""
    return Text.assemble((group.name, "bold"), f"  {len(group.members):,}: ", joined, ending)


def _hidden_words(selection: QuantitySelection) -> str:
    hidden = {
        "more to blame": selection.hidden_faults,
        "more that inherit": selection.hidden_inherited,
        "within rounding, with smaller errors": selection.hidden_good,
    }
    return ", ".join(f"{number:,} {what}" for what, number in hidden.items() if number)


def print_drift(result: DiffResult, console: Console) -> None:
    if not result.drift:
        return
    console.print()
    say(console, Text("Each trains on its own: how far apart after a step", style="bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("step", "loss", "parameters"):
        table.add_column(name, justify="right")
    table.add_column("worst", overflow="fold")
    for point in select_points(result.drift):
        table.add_row(str(point.step), scientific(point.loss), scientific(point.parameters), Text(point.worst))
    console.print(table)


def print_coverage(result: DiffResult, console: Console) -> None:
    if not result.coverage:
        return
    console.print()
    for each in result.coverage:
        fact(console, "compared", coverage_words(each))
        for name, reason in each.missing[:MISSING_NAMED]:
            note(console, f"    {numbers.layer_name(name)}: {reason}")
        if len(each.missing) > MISSING_NAMED:
            note(console, f"    + {len(each.missing) - MISSING_NAMED:,} more")
