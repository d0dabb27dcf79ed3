"""Where a VOC data set keeps things: which year folder, which list of images."""

import re
from collections.abc import Sequence
from os.path import isdir, isfile  # unlike Path's own, they answer for names that no file can have
from pathlib import Path
from typing import NamedTuple

from nanodet_common.errors import InputError

LISTS = Path("ImageSets") / "Main"
# Lists of one class have a second column: 1 it is there, -1 it is not, 0 only difficult ones are.
FLAG = re.compile(r"\s+(-1|0|1)$")


class ImageList(NamedTuple):
    """A list of images. folder: with Annotations, JPEGImages; file: the list; names: without suffix, in its order."""

    folder: Path
    file: Path
    names: tuple[str, ...]


def find_lists(root: Path, sets: Sequence[str]) -> tuple[ImageList, ...]:
    """The lists that `sets` names: "2007:trainval", or "test" where only one folder has such a list.

    root: a VOCdevkit folder, or one with Annotations, JPEGImages and ImageSets/Main. Raises InputError for a folder
    that is neither, and for a set that is missing or ambiguous.
    """
    if not isdir(root):
        raise InputError(f"{root}: no such folder; give a VOCdevkit folder or one of a year such as VOC2007")
    if not sets:
        raise InputError(f"{root}: no set is named; give one such as 2007:test")
    folders = [root] if isdir(root / LISTS) else sorted(root.glob("VOC*"))
    folders = [folder for folder in folders if isdir(folder / LISTS)]
    if not folders:
        raise InputError(f"{root}: neither it nor a folder VOC* in it has {LISTS.as_posix()}")
    return tuple(_find_list(root, folders, name) for name in sets)


def _find_list(root: Path, folders: Sequence[Path], wanted: str) -> ImageList:
    year, colon, name = wanted.rpartition(":")
    candidates = [folder for folder in folders if not colon or folder.absolute().name == f"VOC{year}"]
    having = [folder for folder in candidates if isfile(folder / LISTS / f"{name}.txt")]
    if len(having) == 1:
        file = having[0] / LISTS / f"{name}.txt"
        return ImageList(having[0], file, _read_names(file))
    if having:
        choices = ", ".join(f"{folder.name.removeprefix('VOC')}:{name}" for folder in having)
        raise InputError(f"{root}: set {wanted!r} is ambiguous; give one of {choices}")
    known = ", ".join(_known_sets(folders)) or "none"
    raise InputError(f"{root}: there is no set {wanted!r}; there is {known}")


def _known_sets(folders: Sequence[Path]) -> list[str]:
    """Sets that can be named, without the lists of one class, of which VOC has sixty."""
    found = []
    for folder in folders:
        year = folder.absolute().name.removeprefix("VOC")
        found += [f"{year}:{file.stem}" for file in sorted((folder / LISTS).glob("*.txt")) if "_" not in file.stem]
    return found


def _read_names(file: Path) -> tuple[str, ...]:
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not UTF-8 text, so not a list of images") from error
    return tuple(FLAG.sub("", line.strip()) for line in lines if line.strip())
