"""Write a file whole or not at all."""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from jtmigrate.errors import UserError

_CHUNK = 1 << 20


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A temporary file beside `path`, open for writing and reading.

    It takes the place of `path` when the block ends without an exception, and is removed otherwise.
    """
    # Resolved, so that a link keeps pointing to the file it pointed to.
    path = path.resolve()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with open(temporary, "w+b") as file:
        try:
            yield file
            file.flush()
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write UTF-8 text atomically, into a folder that is created if it is missing.

    Characters that UTF-8 cannot hold, halves of a surrogate pair, are escaped as in JSON and Python.
    Raises UserError if the place cannot be written to.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as file:
            file.write(text.encode(errors="backslashreplace"))
    except OSError as error:
        raise _unwritable(target, error) from error


def sha256_of(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file as hexadecimal digits. Raises OSError if it cannot be read."""
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(_CHUNK))
    with open(path, "rb", buffering=0) as file:
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
    return digest.hexdigest()


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise UserError if `write_text` cannot write here: known before a long run, not after it. Leaves no trace."""
    target = Path(path)
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        folder = next(parent for parent in target.resolve().parents if parent.exists())
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unwritable(target, error) from error


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(f"cannot write {path}: {error.strerror or error}; give another path")
