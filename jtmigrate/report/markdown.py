"""A result as a page of Markdown: short enough for the description of a pull request."""

from jtmigrate.compare.result import DiffResult, LayerResult
from jtmigrate.report import numbers
from jtmigrate.report.hints import hints
from jtmigrate.report.markdown_text import code as _code
from jtmigrate.report.markdown_text import plain as _plain
from jtmigrate.report.markdown_text import table as _table
from jtmigrate.report.meta import run_facts, words
from jtmigrate.report.numbers import layer_name, scientific
from jtmigrate.report.summary import (
    MEANINGS,
    SEVERITY,
    candidate_name,
    explanation,
    fault_facts,
    group_parameters,
    reference_name,
    scaled,
    title,
    tolerance_words,
    worst,
    worst_first,
)

LAYERS_SHOWN = 10


def to_markdown(result: DiffResult) -> str:
    """The verdict, counts, first fault, the ten worst layers, and how it was run."""
    sections = (_verdict, _fault, _counts, _numbers, _worst_layers, _run)
    return "\n\n".join(filter(None, (section(result) for section in sections))) + "\n"


def _verdict(result: DiffResult) -> str:
    heading = f"## {'Aligned' if result else 'Not aligned'}: {_plain(title(result))}"
    sides = f"{_code(candidate_name(result))} against {_code(reference_name(result))}. {_plain(explanation(result))}"
    remarks = [f"- {_plain(failure)}" for failure in result.failures]
    remarks += [f"- warning: {_plain(warning)}" for warning in result.warnings]
    return "\n\n".join(filter(None, [heading, sides, "\n".join(remarks)]))


def _fault(result: DiffResult) -> str:
    fault = result.first_fault
    if fault is None:
        return ""
    facts = [f"**First fault:** {_code(layer_name(fault.key))} ({_plain(fault.kind)})"]
    facts += [_plain(fact) for fact in fault_facts(result)]
    steps = [f"{number}. {_plain(hint)}" for number, hint in enumerate(hints(result), start=1)]
    return "\n\n".join(["  \n".join(facts), "What to try next:", "\n".join(steps)])


def _counts(result: DiffResult) -> str:
    rows = [(verdict.value, f"{result.counts[verdict]:,}", MEANINGS[verdict]) for verdict in reversed(SEVERITY)]
    return _table(("verdict", "layers", "meaning"), "lrl", rows)


def _numbers(result: DiffResult) -> str:
    measured = (
        ("isolated float32", worst(result, "isolated"), "isolated"),
        ("propagated float32", result.worst_propagated, "propagated"),
        ("float64", worst(result, "float64"), "float64"),
    )
    lines = [
        f"- worst {label} error: {scientific(scaled(layer, situation))} at {_code(layer_name(layer.key))}"
        for label, layer, situation in measured
        if layer
    ]
    groups = [f"{len(group.members):,} {group.verdict.value}" for group in group_parameters(result)]
    if groups:
        lines.append(f"- parameters and buffers, bit by bit: {', '.join(groups)}")
    return "\n".join([*lines, f"- tolerance: {tolerance_words(result)}"])


def _worst_layers(result: DiffResult) -> str:
    layers = worst_first(result.layers, result)[:LAYERS_SHOWN]
    if not layers:
        return ""
    heading = ("layer", "kind", "shape", "propagated", "isolated", "floor", "float64", "verdict")
    table = _table(heading, "lllrrrrl", map(_row, layers))
    return f"<details><summary>The {len(layers)} worst layers</summary>\n\n{table}\n\n</details>"


def _row(layer: LayerResult) -> tuple[str, ...]:
    return (
        _code(layer_name(layer.key)),
        _plain(layer.kind),
        numbers.shape(layer.shape),
        scientific(scaled(layer, "propagated")),
        scientific(scaled(layer, "isolated")),
        scientific(layer.floor),
        scientific(scaled(layer, "float64")),
        layer.verdict.value,
    )


def _run(result: DiffResult) -> str:
    command = result.meta.get("command")
    lines = ["```", str(command), "```", ""] if command else []
    facts = run_facts(result, without=("title", "reference", "candidate", "command", "code"))
    lines += [f"- {_plain(label)}: {_plain(words(fact))}" for label, fact in facts]
    return "\n".join(["How it was run:", "", *lines]).rstrip() if lines else ""
