"""docs/causes.md lists every hypothesis in its own words."""

import re
from pathlib import Path

from jtmigrate.compare.causes import HYPOTHESES

TEXT = (Path(__file__).parents[4] / "docs" / "causes.md").read_text(encoding="utf-8")


def test_every_hypothesis_is_described():
    rows = {name: (looks, advice) for name, looks, advice in re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", TEXT, re.M)}
    assert rows.keys() == {hypothesis.__name__ for hypothesis in HYPOTHESES}
    for hypothesis in HYPOTHESES:
        assert rows[hypothesis.__name__][0] == " ".join(hypothesis.__doc__.split())


def test_names_are_unique():
    names = [hypothesis.__name__ for hypothesis in HYPOTHESES]
    assert len(set(names)) == len(names)


def test_every_hypothesis_is_named_by_a_test():
    """A cause that no test provokes may never be told at all."""
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    untested = [hypothesis.__name__ for hypothesis in HYPOTHESES if f'"{hypothesis.__name__}"' not in tests]
    assert untested == []
