"""Rules files: what is written is read, and what is malformed is told."""

from pathlib import Path

import pytest

from alignment_tests.jtmigrate.naming.rules.parsed import rules
from alignment_tests.jtmigrate.naming.rules.test_rules import EVERYTHING
from jtmigrate.errors import UserError
from jtmigrate.naming.rules import reverse_rules
from jtmigrate.naming.rules.toml import find_rules, read_rules, ready_names, rules_text, write_rules

ODD = r"""
[[rule]]
rename = "it's\u007f \"quoted\""
to = 'ünï\\x'
optional = true
[[rule]]
rename = 'n\d'
to = 'n'
back = ['n', 'n1']
[[rule]]
split = 'a'
into = ['b', 'c']
axis = 2
sizes = [1, 2]
[[rule]]
prefix = 'a.'
to = 'b.'
rest = 'drop'
"""


@pytest.mark.parametrize("text", [EVERYTHING, ODD])
def test_what_is_written_is_read(tmp_path: Path, text: str) -> None:
    for some in (rules(text), reverse_rules(rules(text))):
        write_rules(tmp_path / "rules.toml", some)
        assert read_rules(tmp_path / "rules.toml") == some


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rename", "not a TOML file"),
        ("a = 1", r"holds \[\[rule\]\] tables"),
        ("[[rule]]\na = 1", "rule 1: needs one of rename, prefix"),
        ("[[rule]]\nrename = 'a'\nprefix = 'b'", "needs one of"),
        ("[[rule]]\nrename = 'a'", "rename needs to"),
        ("[[rule]]\nrename = 'a'\nto = 1", "to = 1 is no text"),
        ("[[rule]]\nrename = 'a'\nto = 'b'\ninto = 'c'", "rename has no into; it has rename, to, back, optional"),
        ("[[rule]]\nrename = 'a+'\nto = 'b'", "cannot be reversed"),
        ("[[rule]]\nrename = 'a'\nto = 'b'\nback = ['b']", "back is a list of a pattern and"),
        ("[[rule]]\nprefix = 'a'\nrest = 'keep'", 'rest is "refuse" or "drop"'),
        ("[[rule]]\nsplit = 'a'\ninto = ['b']", "needs two parts"),
        ("[[rule]]\nsplit = 'a'\ninto = ['b', 'c']\nsizes = [1]", "has 2 parts, but 1 sizes"),
        ("[[rule]]\nsplit = 'a'\ninto = ['b', 'c']\nsizes = [1, 0]", "a part of size 0 holds nothing"),
        ("[[rule]]\nsplit = 'a'\ninto = ['b', 'c']\naxis = -1", "axis = -1 is no number from 0"),
        ("[[rule]]\nconcatenate = ['a']\ninto = 'b'", "needs two parts"),
        ("[[rule]]\ntranspose = 'a'\naxes = [0, 2]", r"no order of axes such as \[1, 0\]"),
        ("[[rule]]\ncast = 'a'\nfrom = 'float32'\nto = 'bfloat16'", "to = 'bfloat16' is no dtype"),
        ("[[rule]]\ncast = 'a'\nfrom = 'float32'\nto = 'int32'", "changes what the numbers mean"),
        ("[[rule]]\nrename = 'a'\nto = 'b'\noptional = 1", "optional = 1 is no true or false"),
    ],
)
def test_malformed_files(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        rules(text)


def test_a_missing_file() -> None:
    with pytest.raises(UserError, match="no such file, and no ready rules; those are ddp, "):
        find_rules("nowhere.toml")
    with pytest.raises(UserError, match="cannot be read"):
        read_rules("nowhere.toml")


@pytest.mark.parametrize("name", ready_names())
def test_ready_rules_can_be_read_and_written(name: str) -> None:
    some = find_rules(name)
    assert rules(rules_text(some)) == some
