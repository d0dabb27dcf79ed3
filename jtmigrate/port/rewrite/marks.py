"""The comments that say, in the ported code itself, what was left and why."""

from collections.abc import Sequence

import libcst as cst

PREFIX = "# jtmigrate: "
WIDTH = 110


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
