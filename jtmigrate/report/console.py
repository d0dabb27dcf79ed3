"""A result for a terminal or a log.

Names are never cut: a path that ends in dots could be any of ten layers. A table that does not fit in one line a layer
takes two.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from jtmigrate.compare.result import DiffResult, LayerResult, ParameterResult, Verdict
from jtmigrate.report import numbers
from jtmigrate.report.hints import hints
from jtmigrate.report.numbers import counted, layer_name, scientific
from jtmigrate.report.summary import (
    candidate_name,
    compared,
    explanation,
    fault_facts,
    group_parameters,
    in_order,
    reference_name,
    remarks,
    select_notable,
    tolerance_words,
    verdict_line,
    worst,
)

STYLES: dict[Verdict, str] = {
    Verdict.IDENTICAL: "green",
    Verdict.ALIGNED: "green",
    Verdict.ROUNDING: "yellow",
    Verdict.MISMATCH: "bold red",
    Verdict.UNCOMPARED: "magenta",
}
NUMBER_COLUMNS = {"propagated": 10, "isolated": 8, "floor": 8, "float64": 8, "ULP": 8}
"""Heading and width of each. The widest number, such as 1.23e-10, takes eight characters."""
PARAMETERS_NAMED = 10


def print_diff(result: DiffResult, console: Console, *, show: Literal["notable", "all"] = "notable") -> None:
    """Print a whole result: what was compared, layers, parameters, first fault, what to try next, verdict.

    "notable" prints every layer that needs attention and the worst few others, "all" every layer.
    """
    _print_header(result, console)
    _print_layers(result, console, show)
    _print_parameters(result, console)
    _print_numbers(result, console)
    _print_warnings(result, console)
    _print_failure(result, console)
    console.print()
    _say(console, Text(verdict_line(result), style="bold green" if result else "bold red"))


def _print_header(result: DiffResult, console: Console) -> None:
    if result.meta.get("title"):
        _say(console, Text(str(result.meta["title"]), style="bold"))
    _fact(console, "reference", reference_name(result))
    _fact(console, "candidate", candidate_name(result))
    versions = result.meta.get("versions")
    if isinstance(versions, Mapping):
        _fact(console, "versions", ", ".join(f"{name} {version}" for name, version in versions.items()))
    inputs = result.meta.get("inputs")
    if isinstance(inputs, Mapping):
        _fact(console, "inputs", ", ".join(_input_words(name, facts) for name, facts in inputs.items()))
    _fact(console, "tolerance", tolerance_words(result))


def _print_layers(result: DiffResult, console: Console, show: Literal["notable", "all"]) -> None:
    if not result.layers:
        return
    console.print()
    if show == "all":
        _print_table(in_order(result.layers), result, console)
        return
    shown, inherited, good = select_notable(result)
    _print_table(shown, result, console)
    if inherited:
        mismatches = counted(inherited, "more mismatch", "more mismatches")
        _note(console, f"+ {mismatches} after the first fault, in order when fed the reference's input")
    if good:
        _note(console, f"+ {counted(good, 'layer')} identical or aligned, with smaller errors than the ones shown")
    if inherited or good:
        _note(console, "  (--all lists every layer)")


def _print_table(layers: list[LayerResult], result: DiffResult, console: Console) -> None:
    table = _wide_table(layers, result)
    unbounded = console.options.update(max_width=10_000)
    if Measurement.get(console, unbounded, table).maximum <= console.width:
        console.print(table)
    else:
        _print_narrow_table(layers, result, console)


def _wide_table(layers: Iterable[LayerResult], result: DiffResult) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("layer", "kind", "shape"):
        table.add_column(name, no_wrap=True)
    for name in NUMBER_COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for layer in layers:
        cells = [layer_name(layer.key), layer.kind, numbers.shape(layer.shape), *_number_cells(layer)]
        table.add_row(*map(Text, cells), _verdict_text(layer, result))
    return table


def _print_narrow_table(layers: Iterable[LayerResult], result: DiffResult, console: Console) -> None:
    width = min(console.width, 100)
    _say(console, _spread(Text("layer", style="dim"), Text("verdict", style="dim"), width))
    _say(console, _spread(Text("  kind, shape", style="dim"), Text(_align(NUMBER_COLUMNS), style="dim"), width))
    for layer in layers:
        _say(console, _spread(Text(layer_name(layer.key), style="bold"), _verdict_text(layer, result), width))
        what = Text(f"  {layer.kind} {numbers.shape(layer.shape)}")
        _say(console, _spread(what, Text(_align(_number_cells(layer))), width))


def _print_parameters(result: DiffResult, console: Console) -> None:
    if not result.parameters:
        return
    console.print()
    _fact(console, "parameters", f"{len(result.parameters):,} parameters and buffers compared bit by bit")
    for verdict, reason, members in group_parameters(result):
        because = f": {reason}" if reason else ""
        first = f" ({members[0].name}, ...)" if verdict is Verdict.UNCOMPARED and len(members) > 1 else ""
        style = STYLES[verdict]
        _say(console, Text.assemble("  ", (f"{len(members):,} {verdict.value}", style), because, first))
        if verdict is Verdict.MISMATCH:
            _print_wrong_parameters(members, console)


def _print_wrong_parameters(parameters: list[ParameterResult], console: Console) -> None:
    for parameter in parameters[:PARAMETERS_NAMED]:
        error = "" if parameter.max_abs is None else f"  max |a - b| = {scientific(parameter.max_abs)}"
        _say(console, Text(f"    {parameter.name} {numbers.shape(parameter.shape)}{error}"))
    if len(parameters) > PARAMETERS_NAMED:
        _note(console, f"    + {len(parameters) - PARAMETERS_NAMED:,} more")


def _print_numbers(result: DiffResult, console: Console) -> None:
    console.print()
    counts = Text()
    for verdict, number in result.counts.items():
        counts.append(f"{number:,} {verdict.value}", style=STYLES[verdict] if number else "dim").append("   ")
    _fact(console, "layers", f"{compared(result):,} of {len(result.layers):,} compared")
    _fact(console, "verdicts", counts)
    _fact(console, "isolated", f"worst float32 error {_worst_words(worst(result, 'isolated'), 'isolated')}")
    _fact(console, "propagated", f"worst float32 error {_worst_words(result.worst_propagated, 'propagated')}")
    _fact(console, "float64", f"worst error {_worst_words(worst(result, 'float64'), 'float64')}")
    seconds = result.meta.get("seconds")
    if isinstance(seconds, Mapping):
        _fact(console, "seconds", ", ".join(f"{stage} {value}" for stage, value in _rounded(seconds).items()))
    if result.meta.get("peak_memory_mb") is not None:
        _fact(console, "memory", f"{result.meta['peak_memory_mb']:,.0f} MB at the peak")


def _print_warnings(result: DiffResult, console: Console) -> None:
    for warning in result.warnings:
        console.print()
        _say(console, Text.assemble(("warning: ", "bold yellow"), warning))


def _print_failure(result: DiffResult, console: Console) -> None:
    if result:
        return
    _list(console, "Why it is not aligned", [("-", failure) for failure in result.failures])
    if result.first_fault:
        _list(console, "First fault", [(">", fact) for fact in (explanation(result), *fault_facts(result))])
    _list(console, "What to try next", [(f"{number}.", hint) for number, hint in enumerate(hints(result), start=1)])


def _list(console: Console, heading: str, items: list[tuple[str, str]]) -> None:
    console.print()
    _say(console, Text(heading, style="bold"))
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=3, justify="right")
    grid.add_column(overflow="fold")
    for mark, text in items:
        grid.add_row(mark, Text(text))
    console.print(grid, highlight=False)


def _say(console: Console, text: Text) -> None:
    """Print without markup, so that a name such as `blocks[0]` stays what it is; fold what is too long for a line."""
    console.print(text, overflow="fold", highlight=False)


def _note(console: Console, text: str) -> None:
    _say(console, Text(text, style="dim"))


def _fact(console: Console, label: str, value: str | Text) -> None:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=10, style="dim")
    grid.add_column(overflow="fold")
    grid.add_row(label, Text(value) if isinstance(value, str) else value)
    console.print(grid, highlight=False)


def _number_cells(layer: LayerResult) -> list[str]:
    scaled = [error.scaled if error else None for error in (layer.propagated, layer.isolated, layer.float64)]
    judged = layer.isolated or layer.propagated
    return [
        scientific(scaled[0]),
        scientific(scaled[1]),
        scientific(layer.floor),
        scientific(scaled[2]),
        scientific(judged.ulp_max if judged else None),
    ]


def _verdict_text(layer: LayerResult, result: DiffResult) -> Text:
    is_first = result.first_fault is not None and layer.key == result.first_fault.key
    notes = remarks(layer, result)
    note = f" ({', '.join(notes)})" if notes else ""
    return Text.assemble((layer.verdict.value, STYLES[layer.verdict]), note, " << first fault" if is_first else "")


def _align(cells: Iterable[str]) -> str:
    return " ".join(f"{cell:>{width}}" for cell, width in zip(cells, NUMBER_COLUMNS.values(), strict=True))


def _spread(left: Text, right: Text, width: int) -> Text:
    """Two texts at the two ends of a line; of two lines where they do not fit in one."""
    gap = width - cell_len(left.plain) - cell_len(right.plain)
    between = " " * gap if gap > 0 else "\n" + " " * max(0, width - cell_len(right.plain))
    return Text.assemble(left, between, right)


def _worst_words(layer: LayerResult | None, situation: Literal["propagated", "isolated", "float64"]) -> str:
    if layer is None:
        return "not measured"
    return f"{scientific(getattr(layer, situation).scaled)} at {layer_name(layer.key)}"


def _input_words(name: str, facts: object) -> str:
    if not isinstance(facts, Mapping):
        return f"{name} {facts}"
    words = [name, numbers.shape(tuple(facts["shape"])) if "shape" in facts else ""]
    return " ".join(filter(None, [*words, f"sha256 {str(facts['sha256'])[:12]}" if "sha256" in facts else ""]))


def _rounded(seconds: Mapping[str, float]) -> dict[str, str]:
    return {stage: f"{value:.1f}" if isinstance(value, int | float) else str(value) for stage, value in seconds.items()}
