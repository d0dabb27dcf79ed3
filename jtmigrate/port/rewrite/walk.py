"""The walk of a rewriter: what it is in, and the marks above the statements that it leaves."""

import libcst as cst

from jtmigrate.port.rewrite.marks import Left, with_marks


class Walk(cst.CSTTransformer):
    """Rewrites nothing but adds the marks.

    left  (node, Left) of everything that stays
    """

    def __init__(self):
        super().__init__()
        self.left: list[tuple[cst.CSTNode, Left]] = []
        self._marks: list[list[str]] = [[]]
        """Texts for every statement that we are in."""
        self._around: list[cst.CSTNode] = []
        """The module, classes and functions that we are in."""

    def on_visit(self, node: cst.CSTNode) -> bool:
        if hasattr(node, "leading_lines"):
            self._marks.append([])
        if isinstance(node, cst.Module | cst.ClassDef | cst.FunctionDef):
            self._around.append(node)
        return super().on_visit(node)

    def on_leave(self, original: cst.CSTNode, updated: cst.CSTNode) -> object:
        if isinstance(original, cst.Module | cst.ClassDef | cst.FunctionDef):
            self._around.pop()
        result = super().on_leave(original, updated)
        if hasattr(original, "leading_lines"):
            texts = self._marks.pop()
            if not isinstance(original, cst.SimpleStatementLine | cst.BaseCompoundStatement):
                self._marks[-1].extend(texts)
            elif texts and isinstance(result, cst.CSTNode):
                result = with_marks(result, texts)
        return result

    def _leave(self, node: cst.CSTNode, problem: Left) -> None:
        """Let something stay, and say so."""
        self.left.append((node, problem))
        self._marks[-1].append(problem.text)
