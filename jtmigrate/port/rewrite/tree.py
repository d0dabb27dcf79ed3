"""The files of what is to be ported: which there are, and what each is."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

from jtmigrate.errors import UserError

IGNORED = frozenset(
    {".git", ".hg", ".svn", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints"}
)
LARGEST = 4_000_000
"""Bytes of a Python file that is still parsed; larger ones are data."""


class What(Enum):
    """How a file is treated."""

    PYTHON = "python"
    OTHER = "other"
    LINK = "link"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Source:
    """One file: where it is, and under which path the result has it."""

    path: PurePosixPath
    place: Path
    what: What
    reason: str = ""


def files_of(source: Path) -> list[Source]:
    """A file, or all files of a folder in order of their paths. Links to folders are not entered.

    Raises UserError if there is nothing, or a folder cannot be read.
    """
    if not source.exists():
        raise UserError(f"{source}: there is no such file or folder")
    if source.is_file():
        return [_file(PurePosixPath(source.name), source, source.parent)]
    found = [_file(PurePosixPath(path.relative_to(source).as_posix()), path, source) for path in _walk(source)]
    if not found:
        raise UserError(f"{source}: the folder is empty")
    return sorted(found, key=lambda file: file.path)


def python_files(source: Path) -> list[Path]:
    """Where the Python files among `files_of(source)` are."""
    return [file.place for file in files_of(source) if file.what is What.PYTHON]


def _walk(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise UserError(f"cannot read {folder}: {error.strerror}") from error
    for entry in entries:
        if entry.name in IGNORED or entry.name.endswith((".pyc", ".pyo")):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))
        else:
            yield Path(entry.path)


def _file(path: PurePosixPath, place: Path, root: Path) -> Source:
    if place.is_symlink():
        return _link(path, place, root)
    if not place.is_file():
        return Source(path, place, What.SKIPPED, "is no regular file")
    if place.suffix in (".py", ".pyi"):
        large = place.stat().st_size > LARGEST
        return Source(
            path, place, What.OTHER if large else What.PYTHON, "is too large to be read as a program" if large else ""
        )
    return Source(path, place, What.OTHER)


def _link(path: PurePosixPath, place: Path, root: Path) -> Source:
    inside = Path(os.path.realpath(place)).is_relative_to(os.path.realpath(root))
    if inside and not os.path.isabs(os.readlink(place)):
        return Source(path, place, What.LINK)
    if not place.exists():
        return Source(path, place, What.SKIPPED, "is a link to nothing")
    if place.is_dir():
        return Source(path, place, What.SKIPPED, "is a link to a folder outside")
    return Source(path, place, What.PYTHON if place.suffix == ".py" else What.OTHER)


def module_of(path: PurePosixPath, package: str) -> str:
    """The full name of a module by its path inside the source, whose own name is `package`, "" if it is no package."""
    parts = [*path.parts[:-1], *([] if path.stem == "__init__" else [path.stem])]
    return ".".join([*([package] if package else []), *parts]) or path.stem


def package_of(source: Path) -> str:
    """The full name of the package that the source is or lies in, "" if it is none: folders with an `__init__.py`."""
    names: list[str] = []
    folder = source if source.is_dir() else source.parent
    folder = folder.resolve()
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        names.insert(0, folder.name)
        folder = folder.parent
    return ".".join(names)
