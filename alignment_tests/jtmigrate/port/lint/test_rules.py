"""Every rule finds its own example and not its rewrite; planted traps are found, and nothing else."""

import re
from pathlib import Path

import pytest

from jtmigrate.port.atlas.entry import Entry, Kind
from jtmigrate.port.lint.document import document
from jtmigrate.port.lint.rule import Rule
from jtmigrate.port.lint.rules import RULES
from jtmigrate.port.lint.run import lint_paths, lint_text

BAD_PORTS = Path(__file__).parents[1] / "bad_ports"
DOC = Path(__file__).parents[4] / "docs" / "lint.md"

ATLAS = {
    "torch.Tensor.argmax": Entry(
        "torch.Tensor.argmax", Kind.METHOD, "dim=None", "jtmigrate.parity.ops.argmax", differs="gives (index, value)"
    ),
    "torch.jit.script": Entry("torch.jit.script", Kind.FUNCTION, "obj", advice="leave it out"),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_example(rule: Rule):
    assert [finding.rule for finding in lint_text(rule.bad, atlas=ATLAS)].count(rule.id) == 1
    assert rule.id not in [finding.rule for finding in lint_text(rule.good, atlas=ATLAS)]


@pytest.mark.parametrize("file", sorted(BAD_PORTS.glob("*.py")), ids=lambda file: file.stem)
def test_planted_traps_are_found_and_nothing_else(file: Path):
    expected = [
        (number, rule)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        for rule in re.findall(r"# expect: (JT\d+)", line)
    ]
    assert [(finding.line, finding.rule) for finding in lint_paths([file]).findings] == expected


def test_nearly_every_rule_has_a_planted_trap():
    planted = set(re.findall(r"# expect: (JT\d+)", "".join(file.read_text() for file in BAD_PORTS.glob("*.py"))))
    assert {rule.id for rule in RULES} - planted == {"JT053", "JT100", "JT101"}


def test_the_hand_written_port_is_clean():
    result = lint_paths([DOC.parents[1] / "nanodet_jittor"])
    assert result.findings == ()
    assert result.files > 10


def test_ids_are_in_order_and_unique():
    ids = [rule.id for rule in RULES]
    assert ids == sorted(set(ids))


def test_the_document_is_current():
    assert DOC.read_text(encoding="utf-8") == document(RULES), "write it anew: jtmigrate lint --document > docs/lint.md"
