"""A result as JSON, Markdown, and on the terminal."""

import json

import pytest
from rich.console import Console

from jtmigrate.bench.console import print_result
from jtmigrate.bench.document import to_json, to_markdown
from jtmigrate.bench.result import BenchResult, Case, CaseResult, Check, Measurement, Status, Table, Variant


@pytest.fixture
def result() -> BenchResult:
    """Two variants with times, one that computes something else, one that is not here."""
    losses = {
        "losses": {"loss": 4.5, "loss_qfl": 0.25},
        "last loss": 4.25,
        "threads": 2,
        "preparation s": 3.2,
        "peak memory MB": 512.3,
    }
    measured, good = Status.MEASURED, Check(1e-7, 1e-5)
    found = (
        Measurement(Variant("a", "a", "", True), measured, "", (0.2, 0.3, 0.4), (0.0, 0.3, 0), 5, Check(0, 1), losses),
        Measurement(Variant("b", "b", "", True), measured, "", (0.1, 0.1, 0.1), (0.0, 0.0, 0), 5, good, losses),
        Measurement(Variant("b-best", "b", ""), Status.DIFFERS, "error 2.0e-01", check=Check(0.2, 1e-5)),
        Measurement(Variant("c", "c", ""), Status.UNAVAILABLE, "no [c] | here"),
    )
    case = Case("training", {"batch": 8}, 8, "images")
    tables = (Table("Cost", "A note.", ("quantity", "value"), (("parameters", 1_234_567),)), Table("x", "no x", (), ()))
    return BenchResult(("a", "b"), (CaseResult(case, found),), tables, {"machine": {"processor": "one"}})


def test_json_holds_every_round(result: BenchResult) -> None:
    found = json.loads(to_json(result))
    assert found["good"] is False
    case = found["cases"][0]
    assert [one["seconds"] for one in case["variants"]] == [[0.2, 0.3, 0.4], [0.1, 0.1, 0.1], [], []]
    assert case["variants"][1]["speed"]["median"] == pytest.approx(3)
    assert case["variants"][2]["speed"] is None
    assert case["comparisons"][1]["title"] == "best against best"
    assert found["tables"][0]["rows"] == [["parameters", 1_234_567]]


def test_markdown(result: BenchResult) -> None:
    text = to_markdown(result)
    assert "| training, batch 8 | a and b | 3.00 x (2.00 to 4.00) |" in text
    assert "| b | 100 | 100 to 100 | 80.0 | 3.00 x (2.00 to 4.00) | 1.00e-7 | 2 | 3 | 512 | 4.5 4.25 |" in text
    assert "| b-best | - | - | - | - | 0.200 | - | - | - | - |" in text
    assert "- b-best: outputs differ: error 2.0e-01" in text
    assert r"- c: not available: no [c] \| here" in text
    assert "- meanwhile other programs used up to 30% of the CPUs: do not trust the times" in text
    assert "| parameters | 1,234,567 |" in text
    assert "- machine: processor one" in text


def test_terminal(result: BenchResult) -> None:
    console = Console(width=130, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    print_result(result, console)
    text = console.export_text()
    assert "c: not available: no [c] | here" in text
    assert "3.00 x (2.00 to 4.00)" in text
    assert "x: no x" in text
