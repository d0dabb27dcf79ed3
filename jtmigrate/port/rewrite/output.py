"""Writes a result into a folder of its own, whole or not at all, and knows it again later."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from jtmigrate.errors import UserError

MANIFEST = ".jtmigrate-port.json"


@dataclass(frozen=True)
class Output:
    """What the folder is to hold.

    texts   path -> bytes of ported files
    copies  path -> file that is copied as it is
    links   path -> where a link leads, relative to it
    """

    texts: Mapping[PurePosixPath, bytes]
    copies: Mapping[PurePosixPath, Path]
    links: Mapping[PurePosixPath, str]


def check_place(source: Path, folder: Path) -> None:
    """Raise UserError if `port` must not write there: into its source, or over what it did not write."""
    own, other = source.resolve(), folder.resolve()
    if own == other or own in other.parents or other in own.parents or (own.is_file() and own.parent == other):
        raise UserError(
            f"cannot write into {folder}: it and the source {source} lie in each other; give another folder"
        )
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UserError(f"cannot write into {folder}: it is no folder")
    held = _held(folder)
    if not held:
        return
    manifest = _manifest(folder)
    if manifest is None:
        raise UserError(f"{folder} is not empty and was not written by jtmigrate port; give another folder")
    for path in sorted(held):
        if path not in manifest:
            raise UserError(f"{folder / path} was not written by jtmigrate port and would be lost; give another folder")
        if manifest[path] != _digest(folder / path):
            raise UserError(f"{folder / path} was changed since jtmigrate port wrote it; give another folder")


def write(output: Output, folder: Path) -> None:
    """Make the folder hold exactly this. Raises UserError if it cannot be written; the old one stays then."""
    folder = folder.resolve()
    staged = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            _fill(output, staged)
            if folder.exists():
                os.rename(folder, old)
            os.rename(staged, folder)
        except BaseException:
            shutil.rmtree(staged, ignore_errors=True)
            if old.exists() and not folder.exists():
                os.rename(old, folder)
            raise
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror or error}; give another folder") from error


def differences(output: Output, folder: Path) -> list[PurePosixPath]:
    """Files in which the folder differs from what would be written, missing and left-over ones among them."""
    found = {path for path, data in output.texts.items() if _read(folder / path) != data}
    found |= {path for path, place in output.copies.items() if _digest(folder / path) != _digest(place)}
    found |= {path for path, target in output.links.items() if _target(folder / path) != target}
    expected = {*map(str, output.texts), *map(str, output.copies), *map(str, output.links)}
    found |= {PurePosixPath(path) for path in (_held(folder) if folder.is_dir() else ()) if path not in expected}
    return sorted(found)


def _fill(output: Output, folder: Path) -> None:
    folder.mkdir()
    for path in (*output.texts, *output.copies, *output.links):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
    for path, data in output.texts.items():
        (folder / path).write_bytes(data)
    for path, place in output.copies.items():
        shutil.copyfile(place, folder / path)
        shutil.copymode(place, folder / path)
    for path, target in output.links.items():
        (folder / path).symlink_to(target)
    digests = {path: _digest(folder / path) for path in sorted(_held(folder))}
    text = json.dumps({"written by": "jtmigrate port", "sha256": digests}, indent=1)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def _held(folder: Path) -> set[str]:
    """Paths of all files in a folder but those that Python leaves behind."""
    found = set()
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__" and not Path(place, name).is_symlink()]
        found.update(Path(place, name).relative_to(folder).as_posix() for name in files if name != MANIFEST)
        links = (name for name in os.listdir(place) if Path(place, name).is_symlink())
        found.update(Path(place, name).relative_to(folder).as_posix() for name in links)
    return found


def _manifest(folder: Path) -> Mapping[str, str] | None:
    try:
        held = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    digests = held.get("sha256") if isinstance(held, dict) else None
    return digests if isinstance(digests, dict) else None


def _digest(path: Path) -> str | None:
    """What a file holds or where a link leads, in short; None where there is nothing to read."""
    if path.is_symlink():
        return f"-> {os.readlink(path)}"
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _target(path: Path) -> str | None:
    return os.readlink(path) if path.is_symlink() else None
