"""Convert every checkpoint in a folder and the folders below it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.sharded import INDEX_SUFFIX, shard_names
from jtmigrate.checkpoint.writing import SUFFIXES, container_for
from jtmigrate.convert import ConversionReport, convert
from jtmigrate.errors import UserError

READ_SUFFIXES = (*SUFFIXES, ".bin", ".onnx", INDEX_SUFFIX)
"""Names that end like this are taken for checkpoints, the shards of an index excepted."""


@dataclass(frozen=True)
class TreeEntry:
    """One checkpoint: its report, or the one line why it was refused. Or a folder that was refused."""

    src: str
    dst: str
    report: ConversionReport | None
    refusal: str = ""


@dataclass(frozen=True)
class TreeReport:
    """All checkpoints of a folder. True in a boolean context when none was refused."""

    src: str
    dst: str
    entries: tuple[TreeEntry, ...]

    def __bool__(self) -> bool:
        return not any(entry.refusal for entry in self.entries)


def convert_tree(src: Path, dst: Path, suffix: str, **options: Any) -> TreeReport:
    """Convert every checkpoint below `src` into a file of that suffix at the same place below `dst`.

    options  arguments of `convert`

    A checkpoint that cannot be converted, or a folder that cannot be read, does not stop the others. Raises UserError
    if `suffix` is no format that is written, or there is no checkpoint.
    """
    container_for(f"any{suffix}")
    unread: list[OSError] = []
    found = list(find_checkpoints(src, unread.append))
    entries = [_unread(error, src, dst) for error in unread if src.is_dir()]
    if not (found or entries):
        raise UserError(f"{src}: holds no checkpoint; their names end in {', '.join(READ_SUFFIXES)}")
    written: dict[Path, Path] = {}
    for path in found:
        target = dst / path.relative_to(src).with_name(f"{_stem(path)}{suffix}")
        first = written.setdefault(target, path)
        entries.append(_entry(path, target, first, options))
    return TreeReport(str(src), str(dst), tuple(sorted(entries, key=lambda entry: Path(entry.src))))


def find_checkpoints(folder: Path, unreadable: Callable[[OSError], None]) -> Iterator[Path]:
    """The checkpoints in a folder and below, in the order of their names.

    unreadable  is told the error of every folder that cannot be read, which names it in `filename`
    """
    names = ((place, name) for place, _, files in os.walk(folder, onerror=unreadable) for name in files)
    files = sorted(
        path for path in (Path(*parts) for parts in names if parts[1].endswith(READ_SUFFIXES)) if _may_be_file(path)
    )
    shards = {index.parent / shard for index in files if index.name.endswith(INDEX_SUFFIX) for shard in _shards(index)}
    return (path for path in files if path not in shards)


def _entry(src: Path, dst: Path, first: Path, options: dict[str, Any]) -> TreeEntry:
    try:
        if first != src:
            raise UserError(f"{src}: would become {dst}, as {first} does: rename one of them")
        if not options.get("dry_run"):
            _make_folder(dst.parent)
        return TreeEntry(str(src), str(dst), convert(src, dst, **options))
    except UserError as error:
        return TreeEntry(str(src), str(dst), None, str(error))


def _may_be_file(path: Path) -> bool:
    """Whether this is a file, or nobody can say: it is refused when its turn comes."""
    try:
        return path.is_file()
    except OSError:
        return True


def _unread(error: OSError, src: Path, dst: Path) -> TreeEntry:
    folder = Path(error.filename)
    reason = f"{folder}: the folder cannot be read: {error.strerror}"
    return TreeEntry(str(folder), str(dst / folder.relative_to(src)), None, reason)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path}: cannot be made: {error.strerror}; give another folder") from error


def _shards(index: Path) -> list[str]:
    """A damaged index has none, and is refused when its turn comes."""
    try:
        return list(shard_names(index).values())
    except (FormatError, OSError):
        return []


def _stem(path: Path) -> str:
    suffix = next(suffix for suffix in READ_SUFFIXES if path.name.endswith(suffix))
    return path.name.removesuffix(suffix)
