"""What is left, and the comments that say so in the ported code itself."""

from collections.abc import Sequence
from typing import NamedTuple

import libcst as cst

PREFIX = "# jtmigrate: "
WIDTH = 110


class Left(NamedTuple):
    """Something that stays as it is."""

    name: str
    reason: str
    advice: str = ""

    @property
    def text(self) -> str:
        """What its mark says."""
        advice = f": {self.advice}" if self.advice and self.advice not in self.reason else ""
        start = "" if self.reason.startswith(self.name) else f"{self.name} "
        return f"{start}{self.reason}{advice}"


def with_marks(node: cst.CSTNode, texts: Sequence[str]) -> cst.CSTNode:
    """A statement with a comment line a text above it; those that stand there already are not repeated."""
    present = {line.comment.value for line in node.leading_lines if line.comment is not None}
    new = list(dict.fromkeys(comment for text in texts if (comment := comment_of(text)) not in present))
    lines = [cst.EmptyLine(comment=cst.Comment(comment)) for comment in new]
    return node.with_changes(leading_lines=[*node.leading_lines, *lines]) if lines else node


def comment_of(text: str) -> str:
    """A text as one comment line."""
    line = " ".join(text.split())
    return PREFIX + (line if len(line) <= WIDTH else f"{line[: WIDTH - 3].rstrip()}...")
