"""One file over HTTP: resumed where it was cut, checked while it arrives, in place only when it is whole."""

import shutil
import time
from pathlib import Path
from typing import NamedTuple

from nanodet_common.errors import InputError
from nanodet_common.fetch.catalogue import RemoteFile
from nanodet_common.fetch.http import Cut, Offer, Refused, ask, read
from nanodet_common.fetch.partial import CHUNK, Digests, Partial, Progress, unfinished


class Patience(NamedTuple):
    """How long to insist: seconds without a byte, attempts in a row that bring nothing, seconds between attempts."""

    timeout: float = 30.0
    attempts: int = 4
    pause: float = 2.0


DEFAULT_PATIENCE = Patience()


class Downloaded(NamedTuple):
    """A file that is here. fetched: it came just now; sha256: of what is here."""

    path: Path
    size: int
    sha256: str
    fetched: bool


def download(
    file: RemoteFile, folder: Path, progress: Progress, *, patience: Patience = DEFAULT_PATIENCE
) -> Downloaded:
    """Bring a file into a folder, unless it is there.

    A cut connection leaves `NAME.part`, which the next attempt, or the next call, continues. Raises InputError with
    the reason of each address if none has the file, if another file has its name, if the disk is full, or while
    another process fetches the same file.
    """
    path = folder / file.name
    try:
        if path.exists():
            return _present(file, path, progress)
        folder.mkdir(parents=True, exist_ok=True)
        reasons = []
        with unfinished(path, file.checksum) as part:
            for url in file.urls:
                try:
                    _from(url, file, part, folder, progress, patience)
                except (Refused, Cut) as error:
                    reasons.append(f"{url}: {error}")
                else:
                    part.finish(path)
                    return Downloaded(path, part.size, part.digests.sha256, fetched=True)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; what has arrived is kept") from error
    raise InputError(
        f"{file.name} cannot be fetched: {'; '.join(reasons)}. Run this again later, which continues where it was cut, "
        f"or put the file at {path} yourself"
    )


def _present(file: RemoteFile, path: Path, progress: Progress) -> Downloaded:
    digests = Digests(file.checksum)
    with open(path, "rb") as content:
        size = digests.read(content, progress, path.stat().st_size)
    wrong = digests.contradiction()
    if file.size not in (None, size):
        wrong = f"has {size:,} bytes instead of {file.size:,}"
    if wrong:
        raise InputError(f"{path}: is there, but {wrong}; move it away to fetch it anew")
    return Downloaded(path, size, digests.sha256, fetched=False)


def _from(url: str, file: RemoteFile, part: Partial, folder: Path, progress: Progress, patience: Patience) -> None:
    """Complete the file from one address. Raises Refused, or Cut when patience is at its end."""
    resumed, fruitless = part.size > 0, 0
    while True:
        before = part.size
        try:
            _attempt(url, file, part, folder, progress, patience.timeout)
        except Cut:
            fruitless = 0 if part.size > before else fruitless + 1
            if fruitless == patience.attempts:
                raise
            time.sleep(patience.pause)
            continue
        wrong = part.digests.contradiction()
        if not wrong:
            return
        part.restart()
        if not resumed:
            raise Refused(wrong)
        # The part that was there before may be to blame, and not this address.
        resumed = False


def _attempt(url: str, file: RemoteFile, part: Partial, folder: Path, progress: Progress, timeout: float) -> None:
    """One request, its body to the end. Raises Refused or Cut."""
    validator = part.validator_for(url)
    if part.size and not validator and not file.checksum:
        # Nothing would tell whether the two halves are of the same file.
        part.restart()
    offer = ask(url, part.size, validator, timeout)
    if offer.body is None:
        if part.size == (offer.total or file.size):
            return
        part.restart()
        raise Cut("has less than what is here already")
    with offer.body:
        total = _agreed_size(file, offer)
        if offer.start != part.size:
            if offer.start:
                raise Refused(f"sends the file from byte {offer.start:,} instead of {part.size:,}")
            part.restart()
        part.comes_from(url, offer.validator)
        _check_space(folder, total - part.size)
        progress(part.size, total)
        while data := read(offer.body, CHUNK):
            if part.size + len(data) > total:
                raise Refused(f"sends more than {total:,} bytes")
            part.append(data)
            progress(part.size, total)
    if part.size < total:
        raise Cut(f"the connection ended after {part.size:,} of {total:,} bytes")


def _agreed_size(file: RemoteFile, offer: Offer) -> int:
    if file.size is not None and offer.total not in (None, file.size):
        raise Refused(f"offers {offer.total:,} bytes instead of {file.size:,}")
    total = file.size if file.size is not None else offer.total
    if total is None:
        raise Refused("does not say how long the file is, so nobody could tell whether it is whole")
    return total


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(f"{folder}: {needed:,} more bytes are needed, and the disk has {free:,} free")
