"""`jtmigrate atlas`, and the document that is written from the atlas."""

from pathlib import Path

import pytest

from alignment_tests.jtmigrate.port.program import run
from jtmigrate.port.atlas import ENTRIES
from jtmigrate.port.atlas.document import document

DOC = Path(__file__).parents[3] / "docs" / "atlas.md"


@pytest.mark.parametrize("name", ["torch.nn.Conv2d", "nn.Conv2d", "Conv2d"])
def test_one_entry(name: str):
    done = run("atlas", name)
    assert done.returncode == 0
    assert done.stdout.startswith("torch.nn.Conv2d(in_channels")
    assert "jtmigrate.parity.nn.Conv2d" in done.stdout


def test_an_alias_and_a_beginning():
    assert run("atlas", "torch.concat").stdout.startswith("torch.cat(")
    listed = run("atlas", "torch.nn.functional.").stdout.splitlines()
    assert len(listed) > 30
    assert all(line.startswith("torch.nn.functional.") for line in listed)


def test_a_name_that_is_not_there():
    done = run("atlas", "torch.nn.Conv2D")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean torch.nn.Conv2d" in done.stderr
    assert run("atlas", "xyzzy").stderr == "error: xyzzy is not in the atlas; see docs/atlas.md for all names\n"
    assert run("atlas").returncode == 2


def test_the_document_is_current():
    assert DOC.read_text(encoding="utf-8") == document(ENTRIES), (
        "write it anew: jtmigrate atlas --document > docs/atlas.md"
    )
