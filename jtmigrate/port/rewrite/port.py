"""Ports the Python files of a source, in memory."""

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from jtmigrate.port.atlas.entry import Entry
from jtmigrate.port.rewrite import names
from jtmigrate.port.rewrite.facts import Facts
from jtmigrate.port.rewrite.imports import ImportPlan, rewrite_imports
from jtmigrate.port.rewrite.infer import Inference
from jtmigrate.port.rewrite.kinds import Kind
from jtmigrate.port.rewrite.marks import PREFIX, Left
from jtmigrate.port.rewrite.result import Fate, Ported, Problem
from jtmigrate.port.rewrite.transform import Rewriter

ROUNDS = 3
"""How often a package is gone through before it is rewritten: facts travel one call further each time."""

DEEPEST = 150
"""Nesting beyond which a file is left alone: what reads and writes the tree is recursive."""

_ARRAYS = ("numpy", "cv2", "PIL", "pandas", "scipy", "skimage")


_MARK = re.compile(rb"^[ \t]*" + PREFIX.encode(), re.MULTILINE)


@dataclass(frozen=True)
class Text:
    """A Python file to be ported: its path, the full name of its module, its bytes."""

    path: PurePosixPath
    module: str
    data: bytes


@dataclass(frozen=True)
class Parsed:
    """A file that could be parsed, and what its expressions are."""

    text: Text
    tree: cst.Module
    inferred: Inference


def port_texts(
    texts: Sequence[Text], atlas: Mapping[str, Entry], *, renamed: tuple[str, str] | None = None
) -> list[Ported]:
    """Port files that belong together. A file that cannot be parsed is reported and stays as it is.

    renamed  (old, new) name of the outermost package, where the result has another
    """
    parsed, result = infer_all(texts)
    taken, stars = _taken(parsed.values())
    facts = facts_of(parsed.values())
    for path, file in parsed.items():
        try:
            result[path] = _port(file, facts, atlas, taken, stars, renamed)
        except Exception as error:  # noqa: BLE001 (one file that surprises us must not cost the user all the others)
            result[path] = _surprising(file.text, error)
    return [result[text.path] for text in texts]


class Unparsable(Exception):
    """A file that is no Python of today, or too deeply nested; `line` is 0 where none can be named."""

    def __init__(self, line: int, reason: str):
        super().__init__(reason)
        self.line = line


def parse(data: bytes) -> cst.Module:
    """The tree of a Python file. Raises Unparsable."""
    try:
        # Python's own parser first: its messages are better, and it takes no harm from deep nesting.
        if _depth(ast.parse(data)) > DEEPEST:
            raise Unparsable(0, "is too deeply nested")
        return cst.parse_module(data)
    except SyntaxError as error:
        raise Unparsable(error.lineno or 0, f"is no Python 3: {error.msg}") from error
    except cst.ParserSyntaxError as error:
        raise Unparsable(error.raw_line, f"cannot be parsed: {error.message}") from error
    except (ValueError, UnicodeError, LookupError) as error:
        raise Unparsable(0, f"is no text: {error}") from error
    except (RecursionError, MemoryError) as error:
        raise Unparsable(0, "is too deeply nested") from error


def _depth(tree: ast.AST) -> int:
    deepest, level = 0, [tree]
    while level:
        deepest += 1
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return deepest


def facts_of(parsed: Iterable[Parsed]) -> Facts:
    """What all files together tell."""
    facts = Facts()
    for file in parsed:
        facts.merge(file.inferred.found)
    return facts


def infer_all(texts: Sequence[Text]) -> tuple[dict[PurePosixPath, Parsed], dict[PurePosixPath, Ported]]:
    """Files that belong together, with what is known about them, and those that cannot be read, all by path."""
    trees: dict[PurePosixPath, cst.Module] = {}
    failed: dict[PurePosixPath, Ported] = {}
    for text in texts:
        try:
            trees[text.path] = parse(text.data)
        except Unparsable as error:
            failed[text.path] = _unported(text, error.line, str(error))
    facts = Facts()
    parsed: dict[PurePosixPath, Parsed] = {}
    for _ in range(ROUNDS):
        for text in texts:
            if text.path in failed:
                continue
            tree = trees[text.path]
            try:
                inferred = Inference(tree, text.module, facts, package=text.path.stem == "__init__")
            except Exception as error:  # noqa: BLE001 (as in port_texts)
                failed[text.path] = _surprising(text, error)
                parsed.pop(text.path, None)
                continue
            parsed[text.path] = Parsed(text, tree, inferred)
        facts = facts_of(parsed.values())
    return parsed, failed


def _taken(parsed: Iterable[Parsed]) -> tuple[set[tuple[str, str]], set[str]]:
    """What files import from each other: names, and modules of which everything is."""
    taken: set[tuple[str, str]] = set()
    stars: set[str] = set()
    for file in parsed:
        taken |= file.inferred.taken
        stars.update(file.inferred.stars)
    return taken, stars


def _port(
    file: Parsed,
    facts: Facts,
    atlas: Mapping[str, Entry],
    taken: set[tuple[str, str]],
    stars: set[str],
    renamed: tuple[str, str] | None,
) -> Ported:
    text, inferred = file.text, file.inferred
    near = _torch_near(inferred, text.module)
    marked = _MARK.search(text.data) is not None
    if marked or (not near and any(name.startswith(names.PORTED) for name in inferred.imports)):
        return Ported(text.path, text.data, text.data, Fate.UNCHANGED, problems=tuple(_left_earlier(text)))
    existing = _existing(inferred, text.module)
    aliases = {home: existing.get(home) or _free(home, text.data) for home in names.HOMES}
    rewriter = Rewriter(
        inferred,
        facts,
        atlas,
        aliases,
        numpy_near=any(name.startswith(_ARRAYS) for name in inferred.imports),
        torch_near=near,
    )
    tree = file.tree.visit(rewriter)
    left = [*rewriter.left, *_dependent(inferred, atlas)]
    handed_on = None if text.module in stars else frozenset(name for module, name in taken if module == text.module)
    tree = rewrite_imports(
        tree,
        ImportPlan(
            atlas=atlas,
            source_of=inferred.source_of,
            kept=frozenset(rewriter.kept),
            used=frozenset(rewriter.used),
            handed_on=handed_on,
            needed={home: aliases.get(home, home.alias) for home in rewriter.needed if home not in existing},
            renamed=renamed,
        ),
    )
    after = tree.bytes
    problems = _located(text, file.tree, left)
    try:
        ast.parse(after)
    except SyntaxError as error:
        return _unported(text, error.lineno or 0, f"would not parse after porting ({error.msg}): please report it")
    fate = Fate.UNCHANGED if after == text.data else Fate.PORTED
    return Ported(text.path, text.data, after, fate, rewriter.ported + len(left), problems)


def _torch_near(inferred: Inference, module: str) -> bool:
    own = inferred.found.exports.get(module, {}).values()
    return any(names.is_torch(name) for name in inferred.imports) or any(
        type_.kind is Kind.NAME and names.is_torch(type_.name) for type_ in own
    )


def _existing(inferred: Inference, module: str) -> dict[names.Home, str]:
    """Homes that the file imports already, or will by what takes the place of its own imports."""
    homes = {home.full: home for home in names.HOMES} | names.TWINS
    found: dict[names.Home, str] = {}
    for local, type_ in inferred.found.exports.get(module, {}).items():
        if type_.kind is Kind.NAME and type_.name in homes and local in inferred.bound:
            found.setdefault(homes[type_.name], local)
    return found


def _free(home: names.Home, data: bytes) -> str:
    """The usual name of a home, or a longer one where the file has it for something else."""
    for alias in (home.alias, home.name or home.package, f"parity_{home.name or home.package}"):
        if not re.search(rb"(?<![.\w])" + alias.encode() + rb"(?!\w)", data):
            return alias
    return f"parity_{home.name or home.package}_"


def _dependent(inferred: Inference, atlas: Mapping[str, Entry]) -> list[tuple[cst.CSTNode, Left]]:
    """Imports of libraries that run on PyTorch."""
    found: list[tuple[cst.CSTNode, Left]] = []
    for node, full in inferred.import_nodes:
        if full.partition(".")[0] in names.DEPENDENT and full not in atlas:
            found.append((node, Left(full, "runs on PyTorch", "port what it does, or replace it")))
    return found


def _left_earlier(text: Text) -> list[Problem]:
    """What an earlier port has marked."""
    lines = text.data.decode("utf-8", "replace").splitlines()
    return [
        Problem(str(text.path), number, "", "was left by an earlier port", line.strip().removeprefix(PREFIX))
        for number, line in enumerate(lines, 1)
        if line.strip().startswith(PREFIX)
    ]


def _located(text: Text, tree: cst.Module, left: Sequence[tuple[cst.CSTNode, Left]]) -> tuple[Problem, ...]:
    if not left:
        return ()
    positions = MetadataWrapper(tree, unsafe_skip_copy=True).resolve(PositionProvider)
    return tuple(
        sorted(
            {
                Problem(str(text.path), positions[node].start.line, problem.name, problem.reason, problem.advice)
                for node, problem in left
            }
        )
    )


def _surprising(text: Text, error: Exception) -> Ported:
    return _unported(text, 0, f"could not be ported ({type(error).__name__}: {error}): please report it")


def _unported(text: Text, line: int, reason: str) -> Ported:
    problem = Problem(str(text.path), line, "", reason, "it is copied as it is")
    return Ported(text.path, text.data, text.data, Fate.FAILED, 1, (problem,))
