"""Rules from a text."""

import tempfile
from pathlib import Path

from jtmigrate.naming.rules import Rule
from jtmigrate.naming.rules.toml import read_rules


def rules(text: str) -> tuple[Rule, ...]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rules.toml"
        path.write_text(text or "rule = []", encoding="utf-8")
        return read_rules(path)
