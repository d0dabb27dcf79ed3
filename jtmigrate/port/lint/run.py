"""Lints files and folders."""

import re
import tokenize
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from jtmigrate.errors import UserError
from jtmigrate.port.atlas import ATLAS, Entry
from jtmigrate.port.lint.rule import Context, Finding, Rule
from jtmigrate.port.lint.rules import RULES
from jtmigrate.port.rewrite.marks import PREFIX
from jtmigrate.port.rewrite.port import Parsed, Text, facts_of, infer_all
from jtmigrate.port.rewrite.tree import What, files_of, module_of, package_of

_NOQA = re.compile(r"#\s*noqa(?P<ids>:\s*[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*)?", re.IGNORECASE)


_LAYOUT = (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT)


@dataclass(frozen=True)
class LintResult:
    """What was found; true in a boolean context when there is nothing.

    findings  by path, line, column
    files     how many files were read
    unread    (path, reason) of files that could not be
    """

    findings: tuple[Finding, ...]
    files: int
    unread: tuple[tuple[str, str], ...]

    def __bool__(self) -> bool:
        return not self.findings and not self.unread


def chosen(select: Collection[str], ignore: Collection[str], rules: Sequence[Rule] = RULES) -> list[Rule]:
    """The rules whose ids begin with one of `select` (all, if it is empty) and with none of `ignore`.

    Raises UserError for what is the beginning of no id.
    """
    for start in (*select, *ignore):
        if not any(rule.id.startswith(start) for rule in rules):
            raise UserError(f"there is no rule {start}; docs/lint.md lists them all")
    return [
        rule
        for rule in rules
        if (not select or rule.id.startswith(tuple(select))) and not (ignore and rule.id.startswith(tuple(ignore)))
    ]


def lint_paths(paths: Iterable[Path], rules: Sequence[Rule] = RULES, atlas: Mapping[str, Entry] = ATLAS) -> LintResult:
    """Lint Python files, and those below folders.

    Raises UserError if a path does not exist or none of them holds any.
    """
    paths = tuple(paths)
    findings: list[Finding] = []
    unread: list[tuple[str, str]] = []
    number = 0
    for path in paths:
        package = package_of(path)
        files = [file for file in files_of(path) if file.what is What.PYTHON]
        texts = [Text(file.path, module_of(file.path, package), file.place.read_bytes()) for file in files]
        shown = {file.path: str(file.place) for file in files}
        number += len(files)
        parsed, failed = infer_all(texts)
        unread.extend((shown[place], problem.reason) for place, file in failed.items() for problem in file.problems)
        findings.extend(_lint(parsed.values(), {place: shown[place] for place in parsed}, rules, atlas))
    if not number:
        raise UserError(f"no Python file in {', '.join(map(str, paths))}: give .py files, or folders that hold some")
    findings.sort(key=lambda one: (one.path, one.line, one.column, one.rule))
    return LintResult(tuple(findings), number, tuple(unread))


def lint_text(text: str, rules: Sequence[Rule] = RULES, atlas: Mapping[str, Entry] = ATLAS) -> list[Finding]:
    """Lint one file that is held in memory, which is called "text.py"."""
    from pathlib import PurePosixPath

    path = PurePosixPath("text.py")
    parsed, failed = infer_all([Text(path, "text", text.encode())])
    for file in failed.values():
        raise UserError(file.problems[0].reason)
    return _lint(parsed.values(), {path: "text.py"}, rules, atlas)


def _lint(
    parsed: Collection[Parsed], shown: Mapping, rules: Sequence[Rule], atlas: Mapping[str, Entry]
) -> list[Finding]:
    facts = facts_of(parsed)
    found: list[Finding] = []
    for file in parsed:
        marked = PREFIX.encode() in file.text.data
        context = Context(file.tree, file.inferred, facts, atlas, marked=marked)
        if not (context.is_jittor or context.is_torch):
            continue
        hits = [
            (node, rule, message)
            for node in context.nodes
            for rule in rules
            if isinstance(node, rule.nodes) and (message := rule.check(node, context))
        ]
        if hits:
            found.extend(_located(file, shown[file.text.path], hits))
    return found


def _located(file: Parsed, path: str, hits: Sequence[tuple[cst.CSTNode, Rule, str]]) -> list[Finding]:
    positions = MetadataWrapper(file.tree, unsafe_skip_copy=True).resolve(PositionProvider)
    excused = _excused(file.text.data)
    found = {}
    for node, rule, message in hits:
        start = positions[node].start
        ids = excused.get(start.line)
        if ids is None or (ids and rule.id not in ids):
            finding = Finding(path, start.line, start.column + 1, rule.id, rule.severity, message)
            found[finding] = None
    return list(found)


def _excused(data: bytes) -> dict[int, frozenset[str]]:
    """Line -> the rules that its comment excuses, none named: all. What `jtmigrate port` has marked is known."""
    excused: dict[int, frozenset[str]] = {}
    marked = False
    for token in tokenize.tokenize(BytesIO(data).readline):
        if token.type == tokenize.COMMENT and token.string.startswith(PREFIX):
            marked = True
        elif token.type == tokenize.NEWLINE:
            marked = False
        elif marked and token.type not in _LAYOUT:
            excused.update(dict.fromkeys(range(token.start[0], token.end[0] + 1), frozenset()))
        if token.type == tokenize.COMMENT and (match := _NOQA.search(token.string)):
            named = match["ids"] or ""
            excused[token.start[0]] = frozenset(re.findall(r"[A-Z]+[0-9]+", named.upper()))
    return excused
