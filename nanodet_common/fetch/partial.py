"""A file that is still arriving: `NAME.part`, and beside it where its bytes come from."""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from nanodet_common.errors import InputError

CHUNK = 1 << 20
Progress = Callable[[int, int | None], None]
"""Told how many bytes are done by now, and of how many."""


class Digests:
    """SHA-256, and the algorithm of a checksum such as "md5:..." where it is another."""

    def __init__(self, checksum: str | None) -> None:
        self._checksum = checksum
        self._hashes = {name: hashlib.new(name) for name in {"sha256", (checksum or "sha256:").partition(":")[0]}}

    def update(self, data: bytes) -> None:
        for digest in self._hashes.values():
            digest.update(data)

    def read(self, file: BinaryIO, progress: Progress, total: int | None) -> int:
        """Take in a file from where it is to its end; returns the number of bytes."""
        done = 0
        while data := file.read(CHUNK):
            self.update(data)
            done += len(data)
            progress(done, total)
        return done

    @property
    def sha256(self) -> str:
        return self._hashes["sha256"].hexdigest()

    def contradiction(self) -> str | None:
        """What is wrong with the checksum, None if nothing is or there is none."""
        if self._checksum is None:
            return None
        name, _, expected = self._checksum.partition(":")
        found = self._hashes[name].hexdigest()
        return None if found == expected else f"has the {name} {found} instead of {expected}"


class Partial:
    """The bytes that have arrived so far, in a file that nobody else writes to meanwhile."""

    def __init__(self, file: BinaryIO, path: Path, checksum: str | None) -> None:
        self._file = file
        self._checksum = checksum
        self._note = path.with_name(f"{path.name}.source")
        self.digests = Digests(checksum)
        self.size = self.digests.read(file, lambda done, total: None, None)

    def append(self, data: bytes) -> None:
        self._file.write(data)
        self.digests.update(data)
        self.size += len(data)

    def restart(self) -> None:
        """Throw away what there is."""
        self._file.seek(0)
        self._file.truncate()
        self.digests = Digests(self._checksum)
        self.size = 0

    def validator_for(self, url: str) -> str | None:
        """What the bytes' version was recognised by at this address; None if they are not known to come from there."""
        try:
            note = json.loads(self._note.read_text())
            return str(note["validator"]) if note["url"] == url else None
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def comes_from(self, url: str, validator: str | None) -> None:
        """Remember it for another attempt, in this process or another."""
        if validator is None:
            self._note.unlink(missing_ok=True)
        else:
            self._note.write_text(json.dumps({"url": url, "validator": validator}))

    def discard(self) -> None:
        """Leave no trace."""
        Path(self._file.name).unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def finish(self, path: Path) -> None:
        """Give the file its name."""
        self._file.flush()
        os.replace(self._file.name, path)
        self._note.unlink(missing_ok=True)


@contextmanager
def unfinished(path: Path, checksum: str | None) -> Iterator[Partial]:
    """The unfinished file of this path, created if there is none. Raises InputError while another process has it."""
    part = path.with_name(f"{path.name}.part")
    with open(part, "a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The other one may have finished, and renamed it, since it was opened.
            mine = os.path.samestat(os.fstat(file.fileno()), os.stat(part))
        except (BlockingIOError, FileNotFoundError):
            mine = False
        if not mine:
            raise InputError(f"{path}: another process is fetching it; wait for that one")
        file.seek(0)
        arriving = Partial(file, part, checksum)
        try:
            yield arriving
        finally:
            if arriving.size == 0:
                arriving.discard()
