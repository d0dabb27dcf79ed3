"""Write a file whole or not at all, and a device or a pipe not over it but into it."""

import errno
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from jtmigrate.errors import UserError

_CHUNK = 1 << 20


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A temporary file beside `path`, open for writing and reading.

    It takes the place of `path` when the block ends without an exception, and is removed otherwise. A device or a pipe
    is not replaced: it is then given the whole content.
    """
    if _is_stream(path):
        with tempfile.NamedTemporaryFile() as file:
            yield file
            file.seek(0)
            with _opened(path) as stream:
                shutil.copyfileobj(file, stream)
        return
    # Resolved, so that a link keeps pointing to the file it pointed to.
    path = path.resolve()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with open(temporary, "w+b") as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())  # before the name: after a power cut the only checkpoint could be empty
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """As `replacing`, in a folder that is created if it is missing.

    Raises UserError if the place cannot be written to, or is full; nothing is left behind then, no new folder either.
    """
    made = [folder for folder in path.parents if not folder.exists()]
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as file:
                yield file
        except BaseException:
            for folder in made:
                with suppress(OSError):
                    folder.rmdir()
            raise
    except OSError as error:
        raise _unwritable(path, error) from error


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write UTF-8 text atomically, into a folder that is created if it is missing.

    Characters that UTF-8 cannot hold, halves of a surrogate pair, are escaped as in JSON and Python.
    Raises UserError if the place cannot be written to.
    """
    with writing(Path(path)) as file:
        file.write(text_bytes(text))


def text_bytes(text: str) -> bytes:
    """What `write_text` writes."""
    return text.encode(errors="backslashreplace")


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
        if _is_stream(target):
            # Not opened: a pipe would be taken for finished by whoever reads it.
            if not os.access(target, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return
        folder = next(parent for parent in target.resolve().parents if parent.exists())
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unwritable(target, error) from error


def check_outputs(
    outputs: Iterable[str | os.PathLike[str] | None], inputs: Iterable[str | os.PathLike[str] | None] = ()
) -> None:
    """Raise UserError if a command cannot write all its results, or one would replace another or what it reads.

    None stands for a file that was not asked for. Devices and pipes may be named several times.
    """
    read, taken = [Path(path) for path in inputs if path], []
    for path in (Path(path) for path in outputs if path):
        check_writable(path)
        if _is_stream(path):
            continue
        if any(_is_same(path, other) for other in read):
            raise UserError(f"{path}: is read by this command too: give the result another name")
        if any(_is_same(path, other) for other in taken):
            raise UserError(f"{path}: two results would be written there: give one of them another name")
        taken.append(path)


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # at least one of them does not exist
        return path.resolve() == other.resolve()


def _is_stream(path: Path) -> bool:
    """Whether this is something to write into and not to replace: a device, a pipe, or what this process prints to.

    Raises OSError for a socket or a disk.
    """
    try:
        status = path.stat()
    except OSError:  # what cannot be looked at is told when it is written
        return False
    if stat.S_ISSOCK(status.st_mode) or stat.S_ISBLK(status.st_mode):
        raise OSError(errno.EINVAL, "Is a socket or a disk")
    if stat.S_ISDIR(status.st_mode):
        return False
    return not stat.S_ISREG(status.st_mode) or _printed_to(status) is not None


def _printed_to(status: os.stat_result) -> int | None:
    """The descriptor of standard output or error if it leads to this file, as in `--json /dev/stdout > result.json`."""
    for stream in (sys.stdout, sys.stderr):
        try:
            descriptor = stream.fileno()
            if os.path.samestat(os.fstat(descriptor), status):
                return descriptor
        except (OSError, ValueError, AttributeError):  # closed, or replaced by something in memory
            continue
    return None


def _opened(path: Path) -> BinaryIO:
    """A stream to write to; what is printed to already is written on where it stands, after all that was printed."""
    descriptor = _printed_to(path.stat())
    if descriptor is None:
        return open(path, "wb")
    print(end="", flush=True)
    return os.fdopen(os.dup(descriptor), "wb")


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(f"cannot write {path}: {error.strerror or error}; give another path")
