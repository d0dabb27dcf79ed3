"""A benchmark as JSON and as Markdown."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from jtmigrate.bench.result import BenchResult, CaseResult, Measurement, Status
from jtmigrate.bench.rows import case_table, comparison_rows, number, remarks
from jtmigrate.report.markdown_text import plain, table

SCHEMA = "jtmigrate/bench/1"


def to_json(result: BenchResult) -> str:
    """Everything, every round of every variant included."""
    return json.dumps(to_dict(result), indent=1) + "\n"


def to_dict(result: BenchResult) -> dict[str, Any]:
    """What JSON can hold: numbers are numbers."""
    return {
        "schema": SCHEMA,
        "good": bool(result),
        "meta": dict(result.meta),
        "families": list(result.families),
        "cases": [_case(one, result.families) for one in result.cases],
        "tables": [one._asdict() for one in result.tables],
    }


def to_markdown(result: BenchResult) -> str:
    """A page: comparisons first, then every case, then the tables, then the machine."""
    return "\n\n".join(_sections(result)) + "\n"


def _sections(result: BenchResult) -> Iterator[str]:
    first, second = result.families
    yield f"# {second} against {first}"
    if rows := list(comparison_rows(result.cases, result.families)):
        for title in dict.fromkeys(row[1] for row in rows):
            yield f"## {title[0].upper()}{title[1:]}"
            yield f"How many times as fast {second} is; in brackets, the interval that holds the median of the pairs."
            cells = [(plain(case), plain(pair), words) for case, one, pair, words in rows if one == title]
            yield table(("case", "variants", "speed"), "llr", cells)
    for one in result.cases:
        yield f"## {one.case.title[0].upper()}{one.case.title[1:]}"
        headings, rows = case_table(one)
        yield table(headings, "l" + "r" * (len(headings) - 1), [tuple(map(plain, row)) for row in rows])
        if found := list(remarks(one)):
            yield "\n".join(f"- {plain(remark)}" for remark in found)
    for one in result.tables:
        yield f"## {one.title}"
        yield one.note
        if one.rows:
            letters = "".join("l" if isinstance(cell, str) else "r" for cell in one.rows[0])
            yield table(one.columns, letters, [tuple(plain(number(cell)) for cell in row) for row in one.rows])
    yield "## How it was measured"
    yield "\n".join(f"- {name}: {plain(_words(value))}" for name, value in result.meta.items())


def _case(result: CaseResult, families: tuple[str, str]) -> dict[str, Any]:
    return {
        "case": asdict(result.case),
        "variants": [_measurement(one, result) for one in result.measurements],
        "comparisons": [
            {**one._asdict(), "speed": one.speed._asdict()} for one in result.comparisons(*families)
        ],
    }  # fmt: skip


def _measurement(one: Measurement, result: CaseResult) -> dict[str, Any]:
    measured = one.status is Status.MEASURED
    speed = result.relative(one.variant.name)
    return {
        "variant": one.variant._asdict(),
        "status": one.status.value,
        "reason": one.reason,
        "seconds": list(one.seconds),
        "median": one.spread._asdict() if measured else None,
        "speed": speed and speed._asdict(),
        "others": list(one.others),
        "repeats": one.repeats,
        "check": one.check and one.check._asdict(),
        "facts": dict(one.facts),
    }


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(member)}" for name, member in value.items())
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
