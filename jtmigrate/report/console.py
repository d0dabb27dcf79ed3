"""A result for a terminal or a log: what to know, in the order in which to know it.

Tables of rows are in `console_tables`, what is neither layer nor parameter in `console_sections`.
"""

from collections.abc import Mapping
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from jtmigrate.compare.result import DiffResult, ParameterResult, Verdict
from jtmigrate.report import numbers
from jtmigrate.report.console_sections import print_coverage, print_drift, print_quantities, print_settings
from jtmigrate.report.console_tables import STYLES, fact, note, print_rows, say
from jtmigrate.report.hints import hints
from jtmigrate.report.numbers import counted, scientific
from jtmigrate.report.rows import (
    Row,
    Situation,
    in_order,
    row_name,
    scaled,
    worst,
)
from jtmigrate.report.selection import select_notable
from jtmigrate.report.summary import (
    candidate_name,
    compared,
    explanation,
    fault_code,
    fault_facts,
    group_parameters,
    reference_name,
    smallest_tolerance_words,
    tolerance_words,
    verdict_line,
)

PARAMETERS_NAMED = 10


def print_diff(result: DiffResult, console: Console, *, show: Literal["notable", "all"] = "notable") -> None:
    """Print a whole result: what was compared, settings, layers, other quantities, first fault, next steps, verdict.

    "notable" prints every layer that needs attention and the worst few others, "all" every layer and quantity.
    """
    _print_header(result, console)
    print_settings(result, console)
    _print_layers(result, console, show)
    print_quantities(result, console, show)
    print_drift(result, console)
    _print_parameters(result, console)
    print_coverage(result, console)
    _print_numbers(result, console)
    _print_warnings(result, console)
    _print_failure(result, console)
    console.print()
    say(console, Text(verdict_line(result), style="bold green" if result else "bold red"))


def _print_header(result: DiffResult, console: Console) -> None:
    if result.meta.get("title"):
        say(console, Text(str(result.meta["title"]), style="bold"))
    fact(console, "reference", reference_name(result))
    fact(console, "candidate", candidate_name(result))
    versions = result.meta.get("versions")
    if isinstance(versions, Mapping):
        fact(console, "versions", ", ".join(f"{name} {version}" for name, version in versions.items()))
    inputs = result.meta.get("inputs")
    if isinstance(inputs, Mapping):
        fact(console, "inputs", ", ".join(_input_words(name, facts) for name, facts in inputs.items()))
    fact(console, "tolerance", tolerance_words(result))


def _print_layers(result: DiffResult, console: Console, show: Literal["notable", "all"]) -> None:
    if not result.layers:
        return
    console.print()
    if show == "all":
        print_rows(in_order(result.layers), result, console)
        return
    shown, inherited, good = select_notable(result)
    print_rows(shown, result, console)
    if inherited:
        mismatches = counted(inherited, "more mismatch", "more mismatches")
        note(console, f"+ {mismatches} after the first fault, in order when fed the reference's input")
    if good:
        note(console, f"+ {counted(good, 'layer')} identical or aligned, with smaller errors than the ones shown")
    if inherited or good:
        note(console, "  (--all lists every layer)")


def _print_parameters(result: DiffResult, console: Console) -> None:
    if not result.parameters:
        return
    console.print()
    fact(console, "parameters", f"{len(result.parameters):,} parameters and buffers compared bit by bit")
    for verdict, reason, members in group_parameters(result):
        because = f": {reason}" if reason else ""
        first = f" ({members[0].name}, ...)" if verdict is Verdict.UNCOMPARED and len(members) > 1 else ""
        style = STYLES[verdict]
        say(console, Text.assemble("  ", (f"{len(members):,} {verdict.value}", style), because, first))
        if verdict is Verdict.MISMATCH:
            _print_wrong_parameters(members, console)


def _print_wrong_parameters(parameters: list[ParameterResult], console: Console) -> None:
    for parameter in parameters[:PARAMETERS_NAMED]:
        error = "" if parameter.max_abs is None else f"  max |a - b| = {scientific(parameter.max_abs)}"
        say(console, Text(f"    {parameter.name} {numbers.shape(parameter.shape)}{error}"))
    if len(parameters) > PARAMETERS_NAMED:
        note(console, f"    + {len(parameters) - PARAMETERS_NAMED:,} more")


def _print_numbers(result: DiffResult, console: Console) -> None:
    console.print()
    counts = Text()
    for verdict, number in result.counts.items():
        counts.append(f"{number:,} {verdict.value}", style=STYLES[verdict] if number else "dim").append("   ")
    fact(console, "layers", f"{compared(result):,} of {len(result.layers):,} compared")
    fact(console, "verdicts", counts)
    fact(console, "isolated", f"worst float32 error {_worst_words(worst(result.layers, 'isolated'), 'isolated')}")
    fact(console, "propagated", f"worst float32 error {_worst_words(result.worst_propagated, 'propagated')}")
    fact(console, "float64", f"worst error {_worst_words(worst(result.layers, 'float64'), 'float64')}")
    if words := smallest_tolerance_words(result):
        fact(console, "smallest", f"tolerances that would have passed: {words}")
    seconds = result.meta.get("seconds")
    if isinstance(seconds, Mapping):
        fact(console, "seconds", ", ".join(f"{stage} {value}" for stage, value in _rounded(seconds).items()))
    if result.meta.get("peak_memory_mb"):
        fact(console, "memory", f"{result.meta['peak_memory_mb']:,.0f} MB at the peak")


def _print_warnings(result: DiffResult, console: Console) -> None:
    for warning in result.warnings:
        console.print()
        say(console, Text.assemble(("warning: ", "bold yellow"), warning))


def _print_failure(result: DiffResult, console: Console) -> None:
    if result:
        return
    _list(console, "Why it is not aligned", [("-", failure) for failure in result.failures])
    if result.first_fault:
        code = (f"Code of the {side}: {where}" for side, where in fault_code(result))
        _list(console, "First fault", [(">", fact) for fact in (explanation(result), *fault_facts(result), *code)])
    _list(console, "What to try next", [(f"{number}.", hint) for number, hint in enumerate(hints(result), start=1)])


def _list(console: Console, heading: str, items: list[tuple[str, str]]) -> None:
    console.print()
    say(console, Text(heading, style="bold"))
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=3, justify="right")
    grid.add_column(overflow="fold")
    for mark, text in items:
        grid.add_row(mark, Text(text))
    console.print(grid, highlight=False)


def _worst_words(row: Row | None, situation: Situation) -> str:
    return "not measured" if row is None else f"{scientific(scaled(row, situation))} at {row_name(row)}"


def _input_words(name: str, facts: object) -> str:
    if not isinstance(facts, Mapping):
        return f"{name} {facts}"
    words = [name, numbers.shape(tuple(facts["shape"])) if "shape" in facts else ""]
    return " ".join(filter(None, [*words, f"sha256 {str(facts['sha256'])[:12]}" if "sha256" in facts else ""]))


def _rounded(seconds: Mapping[str, float]) -> dict[str, str]:
    return {stage: f"{value:.1f}" if isinstance(value, int | float) else str(value) for stage, value in seconds.items()}
