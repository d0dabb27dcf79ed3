"""A result as a page of Markdown: short enough for the description of a pull request."""

from collections.abc import Sequence

from jtmigrate.compare.result import DiffResult
from jtmigrate.report import numbers
from jtmigrate.report.hints import hints
from jtmigrate.report.markdown_text import code as _code
from jtmigrate.report.markdown_text import plain as _plain
from jtmigrate.report.markdown_text import table as _table
from jtmigrate.report.meta import run_facts, words
from jtmigrate.report.numbers import scientific
from jtmigrate.report.rows import (
    SEVERITY,
    Row,
    amplification_words,
    count_words,
    inherited_words,
    row_name,
    scaled,
    short_name,
    worst,
    worst_first,
)
from jtmigrate.report.selection import group_quantities, select_points, select_quantities
from jtmigrate.report.summary import (
    MEANINGS,
    candidate_name,
    coverage_words,
    explanation,
    fault_code,
    fault_facts,
    group_parameters,
    reference_name,
    setting_words,
    smallest_tolerance_words,
    title,
    tolerance_words,
)

ROWS_SHOWN = 10
SETTINGS_SHOWN = 10


def to_markdown(result: DiffResult) -> str:
    """The verdict, the first fault, counts, the worst rows, and how it was run."""
    sections = (_verdict, _settings, _fault, _counts, _numbers, _quantities, _drift, _worst_layers, _worst_rows, _run)
    return "\n\n".join(filter(None, (section(result) for section in sections))) + "\n"


def _verdict(result: DiffResult) -> str:
    heading = f"## {'Aligned' if result else 'Not aligned'}: {_plain(title(result))}"
    sides = f"{_code(candidate_name(result))} against {_code(reference_name(result))}. {_plain(explanation(result))}"
    remarks = [f"- {_plain(failure)}" for failure in result.failures]
    remarks += [f"- warning: {_plain(warning)}" for warning in result.warnings]
    return "\n\n".join(filter(None, [heading, sides, "\n".join(remarks)]))


def _settings(result: DiffResult) -> str:
    if not result.settings:
        return ""
    lines = [f"- {_plain(setting_words(one))}" for one in result.settings[:SETTINGS_SHOWN]]
    hidden = len(result.settings) - len(lines)
    return "\n".join(["**Constructed differently:**", "", *lines, *([f"- and {hidden:,} more"] if hidden else [])])


def _fault(result: DiffResult) -> str:
    fault = result.first_fault
    if fault is None:
        return ""
    facts = [f"**First fault:** {_code(row_name(fault))} ({_plain(fault.kind)})"]
    facts += [_plain(fact) for fact in fault_facts(result)]
    facts += [f"Code of the {side}: {_code(where)}" for side, where in fault_code(result)]
    steps = [f"{number}. {_plain(hint)}" for number, hint in enumerate(hints(result), start=1)]
    return "\n\n".join(["  \n".join(facts), "What to try next:", "\n".join(steps)])


def _counts(result: DiffResult) -> str:
    rows = [(verdict.value, f"{result.counts[verdict]:,}", MEANINGS[verdict]) for verdict in reversed(SEVERITY)]
    return _table(("verdict", "layers", "meaning"), "lrl", rows)


def _numbers(result: DiffResult) -> str:
    measured = (
        ("isolated float32", worst(result.layers, "isolated"), "isolated"),
        ("propagated float32", result.worst_propagated, "propagated"),
        ("float64", worst(result.layers, "float64"), "float64"),
    )
    lines = [
        f"- worst {label} error: {scientific(scaled(layer, situation))} at {_code(row_name(layer))}"
        for label, layer, situation in measured
        if layer
    ]
    groups = [f"{len(group.members):,} {group.verdict.value}" for group in group_parameters(result)]
    if groups:
        lines.append(f"- parameters and buffers, bit by bit: {', '.join(groups)}")
    lines.append(f"- tolerance: {tolerance_words(result)}")
    if smallest := smallest_tolerance_words(result):
        lines.append(f"- smallest tolerances that would have passed: {_plain(smallest)}")
    if result.coverage:
        lines.append(f"- compared: {_plain(', '.join(map(coverage_words, result.coverage)))}")
    return "\n".join(lines)


def _quantities(result: DiffResult) -> str:
    groups = group_quantities(result.quantities)
    if not groups:
        return ""
    rows = [
        (
            _plain(group.name),
            f"{len(group.members):,}",
            count_words(group.members),
            *(_worst_cell(group.members, situation) for situation in ("isolated", "propagated", "float64")),
        )
        for group in groups
    ]
    return _table(("quantity", "rows", "verdicts", "worst isolated", "propagated", "float64"), "lrlrrr", rows)


def _drift(result: DiffResult) -> str:
    if not result.drift:
        return ""
    rows = [
        (str(point.step), scientific(point.loss), scientific(point.parameters), _code(point.worst))
        for point in select_points(result.drift)
    ]
    return "Each trains on its own:\n\n" + _table(("step", "loss", "parameters", "worst"), "rrrl", rows)


def _worst_layers(result: DiffResult) -> str:
    return _unfolded("layers", worst_first(result.layers, result)[:ROWS_SHOWN])


def _worst_rows(result: DiffResult) -> str:
    return _unfolded("other quantities", select_quantities(result).shown[:ROWS_SHOWN])


def _unfolded(what: str, rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    heading = (
        "name",
        "kind",
        "shape",
        "propagated",
        "isolated",
        "floor",
        "float64",
        "amplified",
        "inherited",
        "verdict",
    )
    table = _table(heading, "lllrrrrrrl", map(_cells, rows))
    return f"<details><summary>The {len(rows)} worst {what}</summary>\n\n{table}\n\n</details>"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        _code(short_name(row)),
        _plain(row.kind),
        numbers.shape(row.shape),
        scientific(scaled(row, "propagated")),
        scientific(scaled(row, "isolated")),
        scientific(row.floor),
        scientific(scaled(row, "float64")),
        amplification_words(row),
        inherited_words(row),
        row.verdict.value,
    )


def _worst_cell(rows: Sequence[Row], situation: str) -> str:
    row = worst(rows, situation)
    return scientific(row and scaled(row, situation))


def _run(result: DiffResult) -> str:
    command = result.meta.get("command")
    lines = ["```", str(command), "```", ""] if command else []
    facts = run_facts(result, without=("title", "reference", "candidate", "command", "code"))
    lines += [f"- {_plain(label)}: {_plain(words(fact))}" for label, fact in facts]
    return "\n".join(["How it was run:", "", *lines]).rstrip() if lines else ""
