"""Files that a checkpoint names, which have to lie in its own folder."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from jtmigrate.checkpoint.errors import FormatError

FILE_LIMIT = 500
"""Files that are held open for one checkpoint."""


def opener(folder: Path, stack: ExitStack) -> Callable[[str], BinaryIO]:
    """A function that opens a file in `folder` or below by its name, each once; `stack` closes them.

    It raises FormatError for a name that leads elsewhere, a file that is missing, or too many files.
    """
    opened: dict[str, BinaryIO] = {}

    def open_beside(name: str) -> BinaryIO:
        if name not in opened:
            check_beside(name)
            if len(opened) == FILE_LIMIT:
                raise FormatError(f"names more than {FILE_LIMIT} files")
            try:
                opened[name] = stack.enter_context(open(folder / name, "rb"))  # noqa: SIM115  (the stack closes it)
            except OSError as error:
                raise FormatError(f"its part {name!r} cannot be read: {error.strerror}") from error
        return opened[name]

    return open_beside


def check_beside(name: str) -> None:
    """Raise FormatError if a name leads out of the folder. Links in it are the user's own."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise FormatError(f"names the file {name[:80]!r}, which does not lie in its folder")
