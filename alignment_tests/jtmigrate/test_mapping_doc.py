"""Every example of docs/mapping.md, run in order in one folder; what it shows is what comes out."""

import re
import shlex
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from jtmigrate.cli.main import main
from jtmigrate.naming.match import MATCHERS
from jtmigrate.naming.rules.toml import KINDS, ready_names

TEXT = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_the_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    names: dict[str, Any] = {}
    printed = ""
    for language, body in BLOCKS:
        if language == "python":
            with redirect_stdout(StringIO()) as output:
                exec(body, names)
            printed = output.getvalue()
        elif language == "toml":
            Path(re.match(r"# file: (\S+)", body)[1]).write_text(body)
        elif language == "console":
            for command, shown in re.findall(r"^\$ jtmigrate (.*)\n((?:[^$].*\n)*)", body, re.MULTILINE):
                assert_lines(run(command, monkeypatch), shown)
        else:
            assert printed == body


def run(command: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "argv", ["jtmigrate", *shlex.split(command)])
    with redirect_stdout(StringIO()) as output, pytest.raises(SystemExit) as caught:
        main()
    return output.getvalue() + f"exit code {caught.value.code or 0}\n"


def assert_lines(found: str, shown: str) -> None:
    """Lines that are shown came out in this order; tables may be left out."""
    lines = iter(found.splitlines())
    for line in shown.splitlines():
        assert line in lines, f"{line!r} is not in what came out, or not in this place:\n{found}"


def test_every_rule_matcher_and_ready_map_is_explained() -> None:
    cells = re.findall(r"^\| (.*?) \|(?: ([\d.]+) \|)?", TEXT, re.MULTILINE)
    first = {cell.strip("`") for cell, _ in cells}
    assert {*KINDS, *ready_names()} <= first
    told = {cell: float(number) for cell, number in cells if number}
    assert told == {matcher.reason: matcher.confidence for matcher in MATCHERS}
