"""The whole of `jtmigrate port`: a source, its files ported, and what the result folder is to hold."""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jtmigrate.errors import UserError
from jtmigrate.port.atlas import ATLAS, Entry
from jtmigrate.port.rewrite.output import Output
from jtmigrate.port.rewrite.port import Text, port_texts
from jtmigrate.port.rewrite.result import Fate, Ported, Problem
from jtmigrate.port.rewrite.tree import Source, What, files_of, module_of, package_of


@dataclass(frozen=True)
class PortResult:
    """A ported source; true in a boolean context when nothing was left.

    files     the Python files
    problems  what was left, in files or of the tree
    output    what the result folder is to hold
    """

    files: tuple[Ported, ...]
    problems: tuple[Problem, ...]
    output: Output

    def __bool__(self) -> bool:
        return not self.problems

    @property
    def uses(self) -> int:
        """Uses of PyTorch that were found."""
        return sum(file.uses for file in self.files)

    @property
    def left(self) -> int:
        """Those of them that were left as they were."""
        return sum(len(file.problems) for file in self.files if file.uses)

    @property
    def rate(self) -> float:
        """The share of uses that was ported, from 0 to 1; 1 where there was nothing to port."""
        return (self.uses - self.left) / self.uses if self.uses else 1.0

    def diff(self) -> str:
        """All changes as one unified diff."""
        return "".join(map(_diff, self.files))


def port(source: Path, out: Path | None = None, atlas: Mapping[str, Entry] = ATLAS) -> PortResult:
    """Port a Python file or a folder, in memory.

    out  the folder it will be written to: where its name is not that of the package, imports of the package by its full
         name are changed to it

    Raises UserError if the source cannot be read or holds no Python.
    """
    files = files_of(source)
    if not any(file.what is What.PYTHON or file.reason for file in files):
        raise UserError(f"no Python file in {source}: give a .py file, or a folder that holds some")
    package = package_of(source)
    texts = [Text(file.path, module_of(file.path, package), _read(file)) for file in files if file.what is What.PYTHON]
    ported = port_texts(texts, atlas, renamed=_renamed(source, package, out))
    output = Output(
        texts={file.path: file.after for file in ported},
        copies={file.path: file.place for file in files if file.what is What.OTHER},
        links={file.path: os.readlink(file.place) for file in files if file.what is What.LINK},
    )
    skipped = [Problem(str(file.path), 0, "", file.reason, "") for file in files if file.reason]
    problems = sorted([*skipped, *(problem for file in ported for problem in file.problems)])
    return PortResult(tuple(ported), tuple(problems), output)


def _renamed(source: Path, package: str, out: Path | None) -> tuple[str, str] | None:
    whole = source.is_dir() and package and "." not in package
    if not whole or out is None or out.resolve().name == package or not out.resolve().name.isidentifier():
        return None
    return package, out.resolve().name


def _read(file: Source) -> bytes:
    try:
        return file.place.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {file.place}: {error.strerror}") from error


def _diff(file: Ported) -> str:
    if file.fate is not Fate.PORTED:
        return ""
    before, after = (data.decode("utf-8", "replace").splitlines(keepends=True) for data in (file.before, file.after))
    lines = difflib.unified_diff(before, after, f"a/{file.path}", f"b/{file.path}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
