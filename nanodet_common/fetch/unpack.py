"""Unpacks tar and zip archives that nobody vouches for: files only, and only below the folder that was asked for."""

import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from nanodet_common.errors import InputError
from nanodet_common.fetch.partial import Progress


class Member(NamedTuple):
    """A file in an archive. refusal: why it may not be unpacked, None if it may."""

    name: str
    size: int
    refusal: str | None
    open: Callable[[], BinaryIO | None]


def unpack(archive: Path, folder: Path, patterns: Sequence[str], progress: Progress) -> int:
    """Unpack what matches one of the patterns, unless it is there with the same size; returns the number of files.

    Every file appears whole or not at all. Raises InputError, before anything is written, for a member that is a link
    or leads out of the folder and for too little space; and for a damaged archive or a full disk.
    """
    try:
        with _opened(archive) as members:
            chosen = [member for member in members if any(fnmatchcase(member.name, pattern) for pattern in patterns)]
            for member in chosen:
                if reason := member.refusal or _escape(member.name):
                    raise InputError(f"{archive}: holds {member.name!r}, which {reason}; nothing of it is unpacked")
            _unpack(chosen, archive, folder, progress)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(f"{archive}: damaged or no archive: {error}") from error
    except OSError as error:
        raise InputError(f"{archive}: cannot be unpacked to {folder}: {error.strerror or error}") from error
    return len(chosen)


def _unpack(members: Sequence[Member], archive: Path, folder: Path, progress: Progress) -> None:
    missing = [member for member in members if not _is_there(folder / member.name, member.size)]
    needed = sum(member.size for member in missing)
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(f"{archive}: unpacking needs {needed:,} bytes in {folder}, whose disk has {free:,} free")
    done = 0
    for member in missing:
        _write(member, folder / member.name)
        done += member.size
        progress(done, needed)


def _write(member: Member, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.part")
    try:
        with member.open() as source, open(unfinished, "wb") as file:
            shutil.copyfileobj(source, file)
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def _is_there(target: Path, size: int) -> bool:
    return target.is_file() and target.stat().st_size == size


def _escape(name: str) -> str | None:
    """Why a name is no place below a folder, on this system or another; None if it is one."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name or not path.name:
        return "leads out of the folder"
    return None


@contextmanager
def _opened(archive: Path) -> Iterator[list[Member]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            yield [_zip_member(file, info) for info in file.infolist() if not info.is_dir()]
    else:
        with tarfile.open(archive) as file:
            yield [_tar_member(file, info) for info in file.getmembers() if not info.isdir()]


def _zip_member(file: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    refusal = None
    if stat.S_ISLNK(info.external_attr >> 16):
        refusal = "is a link"
    elif info.flag_bits & 1:
        refusal = "is encrypted"
    return Member(info.filename, info.file_size, refusal, lambda: file.open(info))


def _tar_member(file: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    refusal = None if info.isreg() else "is a link" if info.issym() or info.islnk() else "is no file"
    return Member(info.name, info.size, refusal, lambda: file.extractfile(info))
