"""Tables, names and text in Markdown."""

import re
from collections.abc import Iterable


def table(heading: Iterable[str], alignment: str, rows: Iterable[Iterable[str]]) -> str:
    """`alignment` has a letter a column: l or r."""
    rule = ["---:" if letter == "r" else "---" for letter in alignment]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heading, rule, *rows))


def code(text: str) -> str:
    """A name as code. A vertical bar would end the cell of a table, and a backtick the code."""
    return f"`{text.replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def plain(text: str) -> str:
    """Text on one line in which nothing means anything to Markdown."""
    return re.sub(r"([\\`*<>|])", r"\\\1", " ".join(text.split()))
