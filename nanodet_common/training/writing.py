"""Files of a run on a disk that may be full."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from jtmigrate.errors import UserError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_whole(file: FileIO, content: bytes) -> None:
    """Write all of it at the end of an unbuffered file, or nothing. Raises OSError.

    A single `write` to a disk that becomes full writes a part, and does not complain.
    """
    begun, rest = file.tell(), memoryview(content)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError:
        file.seek(begun)
        file.truncate()
        raise


def cannot_write(path: Path, error: OSError) -> UserError:
    """What to tell where a file of a run cannot be written."""
    if error.errno in FULL:
        return UserError(f"{path}: cannot be written: {error.strerror}; make room, then go on with --resume")
    return UserError(f"cannot write to {path}: {error.strerror}")


@contextmanager
def replaced(path: Path) -> Iterator[None]:
    """Around what replaces a file of a run: of a full disk, say what helps a run. Raises UserError."""
    try:
        yield
    except UserError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in FULL:
            raise cannot_write(path, error.__cause__) from error
        raise
