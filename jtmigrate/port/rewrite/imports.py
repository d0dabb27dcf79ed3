"""Rewrites the imports of a file, after everything else: only then is known what is still referred to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import libcst as cst

from jtmigrate.port.atlas.entry import Entry, Support
from jtmigrate.port.rewrite.names import DEPENDENT, TWINS, Home, canonical, is_torch, written
from jtmigrate.port.rewrite.syntax import dotted


@dataclass(frozen=True)
class ImportPlan:
    """What the rest of the file asks of its imports.

    source_of  the full name of the module of a `from ... import`
    kept       local names that must go on referring to torch
    used       local names under which counterparts are referred to
    handed_on  names that other files import from this one; everything is, where it is None
    needed     homes to import anew -> under which name
    renamed    (old, new) name of the outermost package, where the result has another
    """

    atlas: Mapping[str, Entry]
    source_of: Callable[[cst.ImportFrom], str]
    kept: frozenset[str]
    used: frozenset[str]
    handed_on: frozenset[str] | None
    needed: Mapping[Home, str]
    renamed: tuple[str, str] | None = None


def rewrite_imports(tree: cst.Module, plan: ImportPlan) -> cst.Module:
    """The file with its imports rewritten and those added that it needs."""
    rewriter = _Imports(plan)
    tree = tree.visit(rewriter)
    lines = rewriter.waiting
    if not lines:
        return tree
    place = _after_imports(tree.body)
    return tree.with_changes(body=[*tree.body[:place], *lines, *tree.body[place:]])


def import_line(home: Home, alias: str) -> str:
    """The statement that imports a home."""
    if not home.name:
        return f"import {home.package}" + (f" as {alias}" if alias != home.package else "")
    return f"from {home.package} import {home.name}" + (f" as {alias}" if alias != home.name else "")


def _after_imports(body: Sequence[cst.BaseStatement]) -> int:
    place = 0
    for index, line in enumerate(body):
        if _is_import(line) or (index == 0 and _is_docstring(line)):
            place = index + 1
        elif not isinstance(line, cst.SimpleStatementLine):
            break
    return place


def _is_import(line: cst.BaseStatement) -> bool:
    return isinstance(line, cst.SimpleStatementLine) and any(
        isinstance(one, cst.Import | cst.ImportFrom) for one in line.body
    )


def _is_docstring(line: cst.BaseStatement) -> bool:
    return isinstance(line, cst.SimpleStatementLine) and any(
        isinstance(one, cst.Expr) and isinstance(one.value, cst.SimpleString | cst.ConcatenatedString)
        for one in line.body
    )


class _Imports(cst.CSTTransformer):
    """waiting: new imports that found no import of torch in the module itself to stand with."""

    def __init__(self, plan: ImportPlan):
        super().__init__()
        self._plan = plan
        self.waiting = [cst.parse_statement(import_line(home, alias)) for home, alias in sorted(plan.needed.items())]

    def leave_Module(self, original: cst.Module, updated: cst.Module) -> cst.Module:
        return updated.with_changes(body=self._lines(updated.body, outermost=True))

    def leave_IndentedBlock(self, original: cst.IndentedBlock, updated: cst.IndentedBlock) -> cst.IndentedBlock:
        lines = self._lines(updated.body, outermost=False)
        return updated if lines == list(updated.body) else updated.with_changes(body=lines)

    def _lines(self, body: Sequence[cst.BaseStatement], *, outermost: bool) -> list[cst.BaseStatement]:
        result: list[cst.BaseStatement] = []
        above: list[cst.EmptyLine] = []
        seen: set[str] = set()
        for line in body:
            if above and hasattr(line, "leading_lines"):
                line, above = line.with_changes(leading_lines=[*above, *line.leading_lines]), []
            new = self._line(line, seen) if _is_import(line) else None
            first = outermost and bool(self.waiting) and _is_import(line) and self._of_torch(line)
            if new is None and not first:
                result.append(line)
                continue
            new = [line] if new is None else new
            if first:
                new, self.waiting = [*self.waiting, *new], []
            if new:
                new[0] = new[0].with_changes(leading_lines=line.leading_lines)
                new[-1] = new[-1].with_changes(trailing_whitespace=line.trailing_whitespace)
            else:
                above = _comments(line)
            result.extend(new)
        if above and result and hasattr(result[-1], "leading_lines"):
            # Nothing follows that could carry the comments of the last line.
            result[-1] = result[-1].with_changes(leading_lines=[*result[-1].leading_lines, *above])
        return result

    def _of_torch(self, line: cst.SimpleStatementLine) -> bool:
        imported = [alias.name for one in line.body if isinstance(one, cst.Import) for alias in one.names]
        sources = [self._plan.source_of(one) for one in line.body if isinstance(one, cst.ImportFrom)]
        return any(map(is_torch, [*map(dotted, imported), *sources]))

    def _line(self, line: cst.SimpleStatementLine, seen: set[str]) -> list[cst.SimpleStatementLine] | None:
        """What stands instead of a line with imports; None if it stays."""
        parts: list[str] = []
        changed = False
        for statement in line.body:
            new = self._statement(statement)
            plain = cst.Module([]).code_for_node(statement.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)).strip()
            if new is None:
                parts.append(plain)
                continue
            changed = True
            parts.extend(text for text in new if text not in seen)
            seen.update(new)
        if not changed:
            return None
        return [cst.parse_statement(text) for text in parts]

    def _statement(self, node: cst.BaseSmallStatement) -> list[str] | None:
        if isinstance(node, cst.Import):
            return self._import(node)
        if isinstance(node, cst.ImportFrom):
            return self._import_from(node)
        return None

    def _import(self, node: cst.Import) -> list[str] | None:
        texts: list[str] = []
        changed = False
        for alias in node.names:
            name = dotted(alias.name)
            local = alias.asname.name.value if alias.asname else ""
            text = f"import {name}" + (f" as {local}" if local else "")
            if not is_torch(name):
                texts.append(self._own(name, local) or text)
                changed = changed or texts[-1] != text
                continue
            changed = True
            if local and canonical(name) in TWINS:
                texts.append(import_line(TWINS[canonical(name)], local))
            elif (local or "torch") in self._plan.kept:
                texts.append(text)
        if texts and all(text.startswith("import torch") for text in texts) and len(texts) == len(node.names):
            return None
        return texts if changed else None

    def _own(self, name: str, local: str) -> str | None:
        """An import of the package itself, which has another name in the result."""
        if self._plan.renamed is None or name.partition(".")[0] != self._plan.renamed[0]:
            return None
        return f"import {self._renamed(name)}" + (f" as {local}" if local else "")

    def _renamed(self, name: str) -> str:
        old, new = self._plan.renamed
        return new + name.removeprefix(old)

    def _import_from(self, node: cst.ImportFrom) -> list[str] | None:
        module = self._plan.source_of(node)
        root = module.partition(".")[0]
        if not node.relative and self._plan.renamed is not None and root == self._plan.renamed[0]:
            changed = node.with_changes(module=cst.parse_expression(self._renamed(module)))
            return [cst.Module([]).code_for_node(changed.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)).strip()]
        if node.relative or not (is_torch(module) or root in DEPENDENT):
            return None
        if isinstance(node.names, cst.ImportStar):
            twin = TWINS.get(canonical(module))
            return [f"from {twin.full} import *"] if twin else None
        stay: list[str] = []
        new: list[str] = []
        for alias in node.names:
            name = alias.name.value
            local = alias.asname.name.value if alias.asname else name
            successor = self._successor(canonical(f"{module}.{name}"), local)
            if successor:
                new.append(successor)
            if self._stays(canonical(f"{module}.{name}"), local):
                stay.append(name + (f" as {local}" if local != name else ""))
        if len(stay) == len(node.names) and not new:
            return None
        return [*new, *([f"from {module} import {', '.join(stay)}"] if stay else [])]

    def _handed_on(self, local: str) -> bool:
        return self._plan.handed_on is None or local in self._plan.handed_on

    def _successor(self, full: str, local: str) -> str | None:
        """The import of the counterpart under the same name."""
        if full in TWINS:
            return import_line(TWINS[full], local)
        entry = self._plan.atlas.get(full)
        jittor = "jittor.Var" if full == "torch.Tensor" else entry.jittor if entry is not None else None
        if jittor is None or not (local in self._plan.used or self._handed_on(local)):
            return None
        target = written(full, jittor)
        package, _, name = target.full.rpartition(".")
        return import_line(Home(package, name, name), local)

    def _stays(self, full: str, local: str) -> bool:
        if local in self._plan.kept:
            return True
        if full in TWINS or full == "torch.Tensor":
            return False
        entry = self._plan.atlas.get(full)
        known = entry is not None and entry.support is not Support.MISSING
        return not known and (not is_torch(full) or self._handed_on(local))


def _comments(line: cst.SimpleStatementLine) -> list[cst.EmptyLine]:
    """The comments of a line, for the next one to carry."""
    found = [empty for empty in line.leading_lines if empty.comment is not None]
    comment = line.trailing_whitespace.comment
    return [*found, cst.EmptyLine(comment=comment)] if comment is not None else found
