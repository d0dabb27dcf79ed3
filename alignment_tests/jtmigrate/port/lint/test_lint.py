"""The command: formats, exceptions by comment, choice of rules, exit codes."""

import json
from pathlib import Path

import pytest

from alignment_tests.jtmigrate.port.program import run
from jtmigrate.port.lint.run import lint_text

BAD = "import jittor as jt\n\n\ndef f(x: jt.Var):\n    return x.argmax(1), x.round()\n"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    file = tmp_path / "bad port.py"
    file.write_text(BAD)
    return file


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("", ["JT002", "JT005"]),
        ("  # noqa", []),
        ("  # noqa: JT002", ["JT005"]),
        ("  # NOQA: E501, JT002, JT005 because", []),
        ("  # noqa: E501", ["JT002", "JT005"]),
        ("  # 'noqa' is a word", ["JT002", "JT005"]),
    ],
)
def test_comments_that_excuse_a_line(comment: str, expected: list[str]):
    assert [finding.rule for finding in lint_text(BAD.replace(".round()\n", f".round(){comment}\n"))] == expected


def test_text(bad: Path):
    done = run("lint", bad)
    assert done.returncode == 1
    assert f"{bad}:5:12: JT002 error: " in done.stdout
    assert done.stdout.endswith("1 file: 1 error, 1 warning\n")


def test_choice_of_rules(bad: Path):
    assert "JT002" not in run("lint", bad, "--select", "JT005").stdout
    assert run("lint", bad, "--ignore", "JT00").returncode == 0
    refused = run("lint", bad, "--select", "XY1")
    assert (refused.returncode, refused.stderr) == (2, "error: there is no rule XY1; docs/lint.md lists them all\n")


def test_json(bad: Path):
    found = json.loads(run("lint", bad, "--format", "json").stdout)
    assert [(one["rule"], one["line"], one["column"]) for one in found["findings"]] == [
        ("JT002", 5, 12),
        ("JT005", 5, 25),
    ]


def test_sarif_has_what_the_standard_requires(bad: Path, tmp_path: Path):
    broken = tmp_path / "old.py"
    broken.write_text("print 'hello'\n")
    log = json.loads(run("lint", bad, broken, "--format", "sarif").stdout)
    assert log["version"] == "2.1.0"
    assert log["$schema"].startswith("https://")
    (only,) = log["runs"]
    driver = only["tool"]["driver"]
    assert driver["name"]
    ids = [rule["id"] for rule in driver["rules"]]
    for result in only["results"]:
        assert result["message"]["text"]
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert place["artifactLocation"]["uri"].endswith("bad%20port.py")
        assert place["region"]["startLine"] >= 1
        assert place["region"]["startColumn"] >= 1
    (invocation,) = only["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"].startswith("it is no Python 3")


def test_explanation_and_mistakes(tmp_path: Path):
    assert "x.argmax(1)" in run("lint", "--explain", "jt002").stdout
    assert run("lint", "--explain", "JT999").returncode == 2
    assert run("lint").returncode == 2
    assert run("lint", tmp_path / "none").returncode == 2


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path):
    (tmp_path / "old.py").write_text("print 'hello'\n")
    done = run("lint", tmp_path)
    assert done.returncode == 1
    assert "old.py: cannot be read as a program: it is no Python 3" in done.stdout
