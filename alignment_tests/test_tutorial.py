"""The tutorial works: its files are written, its commands are run, and what they print is what it shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
TUTORIAL = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(\w+)(?: (\w+)=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def words(text: str) -> str:
    """Text without line breaks and table borders: the width of the terminal must not matter."""
    return " ".join(text.split())


def changed(source: str, change: str) -> str:
    """A file after a change: every run of - lines, which must be there once, becomes the + lines that follow it."""
    for removed, added in re.findall(r"((?:^-.*\n)+)((?:^\+.*\n)*)", change, re.MULTILINE):
        old, new = (re.sub(r"^[-+]", "", lines, flags=re.MULTILINE) for lines in (removed, added))
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


def printed_by(commands: str, folder: Path, exit_code: int) -> str:
    """What the commands print; the last one ends with the exit code."""
    bin_folder = Path(sys.executable).parent
    environment = os.environ | {
        "PATH": f"{folder}{os.pathsep}{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        ["bash", "-ec", commands], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == exit_code, done.stdout + done.stderr
    return done.stdout


def test_the_tutorial_does_what_it_says(tmp_path):
    command = tmp_path / "jtmigrate"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m jtmigrate.cli.main "$@"\n')
    command.chmod(0o755)
    output = ""
    for language, key, value, text in BLOCK.findall(TUTORIAL.read_text()):
        if language == "python":
            (tmp_path / value).write_text(text)
        elif language == "diff":
            (tmp_path / value).write_text(changed((tmp_path / value).read_text(), text))
        elif language == "bash":
            output = words(printed_by(text, tmp_path, int(value) if key == "exit" else 0))
        else:
            for line in text.splitlines():
                assert words(line) in output, line


def test_the_tutorial_has_no_block_that_is_not_tested():
    assert {language for language, *_ in BLOCK.findall(TUTORIAL.read_text())} == {"python", "diff", "bash", "text"}
    assert len(BLOCK.findall(TUTORIAL.read_text())) == TUTORIAL.read_text().count("\n```") / 2
