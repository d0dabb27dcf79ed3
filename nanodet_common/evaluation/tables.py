"""Metrics and agreement as tables for a terminal."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nanodet_common.evaluation.agreement import Agreement
from nanodet_common.evaluation.metrics import Metrics
from nanodet_common.evaluation.words import (
    agreement_facts,
    difference_words,
    distance,
    fraction,
    margin_words,
    verdict,
)

SHOWN = 10
"""Differences that are listed; JSON and the page have all."""


def print_metrics(runs: Mapping[str, Metrics], console: Console) -> None:
    """Values over all classes and of every class.

    runs: by name, all by one protocol over one data set. Of one run, every value of a class is shown; of several,
    its AP in each.
    """
    first = next(iter(runs.values()))
    objects = f"{first.objects:,} objects" + (" without the difficult ones" if first.difficult == "ignore" else "")
    console.print(f"{first.protocol}: {first.images:,} images, {objects}, {first.detections:,} detections")
    console.print(_overall(runs))
    console.print(_by_class(runs))


def print_agreement(result: Agreement, names: tuple[str, str], console: Console) -> None:
    """What was compared, how near, the worst differences, and the verdict; names: of reference and candidate."""
    console.print(_facts(result, names))
    if result.metrics:
        console.print(_metric_table(result, names))
    if result.differences:
        console.print(_difference_table(result, names))
        if len(result.differences) > SHOWN:
            console.print(Text(f"... and {len(result.differences) - SHOWN:,} more", style="dim"))
    for failure in result.failures:
        console.print(Text(failure, style="red"))
    console.print(Text(verdict(result), style="bold green" if result else "bold red"))


def _table(*headings: str, text_columns: int = 1) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="left" if index < text_columns else "right", overflow="fold")
    return table


def _overall(runs: Mapping[str, Metrics]) -> Table:
    table = _table("", *map(_escaped, runs))
    for name in next(iter(runs.values())).values:
        table.add_row(name, *(fraction(metrics.values[name]) for metrics in runs.values()))
    return table


def _by_class(runs: Mapping[str, Metrics]) -> Table:
    if len(runs) == 1:
        (metrics,) = runs.values()
        table = _table("class", "objects", *metrics.classes[0].values)
        for one in metrics.classes:
            table.add_row(Text(one.name), f"{one.objects:,}", *map(fraction, one.values.values()))
        return table
    table = _table("class", "objects", *(f"AP {_escaped(name)}" for name in runs))
    for same in zip(*(metrics.classes for metrics in runs.values()), strict=True):
        table.add_row(Text(same[0].name), f"{same[0].objects:,}", *(fraction(one.values["AP"]) for one in same))
    return table


def _facts(result: Agreement, names: tuple[str, str]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    for label, words in agreement_facts(result, names).items():
        grid.add_row(label, Text(words))
    return grid


def _metric_table(result: Agreement, names: tuple[str, str]) -> Table:
    table = _table("", *map(_escaped, names), "difference")
    for one in result.metrics:
        table.add_row(one.name, fraction(one.reference), fraction(one.candidate), distance(one.difference))
    return table


def _difference_table(result: Agreement, names: tuple[str, str]) -> Table:
    table = _table("file", "class", "what", "margins", "explained", text_columns=5)
    for one in result.differences[:SHOWN]:
        explained = "yes" if one.explained else "no"
        table.add_row(
            *map(Text, (one.file, one.class_name, difference_words(one, names), margin_words(one), explained))
        )
    return table


def _escaped(name: str) -> str:
    return name.replace("[", r"\[")
