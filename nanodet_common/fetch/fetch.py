"""An entry of the catalogue: its files brought here and unpacked."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from nanodet_common.errors import InputError
from nanodet_common.fetch.catalogue import CATALOGUE, Entry, RemoteFile
from nanodet_common.fetch.download import DEFAULT_PATIENCE, Downloaded, Patience, download
from nanodet_common.fetch.unpack import unpack

Report = Callable[[str, int, int | None], None]
"""Told what is being done, how many bytes of it are done, and of how many."""


class Fetched(NamedTuple):
    """A file that is here. unpacked: how many files of it, None for a file that is no archive."""

    file: RemoteFile
    download: Downloaded
    unpacked: int | None


def find_entry(name: str, catalogue: Mapping[str, Entry] = CATALOGUE) -> Entry:
    """Raises InputError for an unknown name."""
    if name not in catalogue:
        raise InputError(f"nothing is called {name!r}; there is {', '.join(catalogue)}")
    return catalogue[name]


def fetch(entry: Entry, folder: Path, report: Report, *, patience: Patience = DEFAULT_PATIENCE) -> tuple[Fetched, ...]:
    """Bring all files of an entry into its place within `folder` and unpack the archives among them there.

    What is there already is checked and neither fetched nor unpacked again. Raises InputError as `download` and
    `unpack` do, for the first file that fails, when all were tried.
    """
    place = folder / entry.folder
    found, failed = [], {}
    for file in entry.files:
        try:
            found.append(_fetch_file(file, place, report, patience))
        except InputError as error:
            failed[file.name] = str(error)
    if failed:
        (_, reason), *others = failed.items()
        raise InputError(reason + (f". Neither came {', '.join(name for name, _ in others)}" if others else ""))
    return tuple(found)


def _fetch_file(file: RemoteFile, place: Path, report: Report, patience: Patience) -> Fetched:
    downloaded = download(file, place, partial(report, file.name), patience=patience)
    if not file.members:
        return Fetched(file, downloaded, None)
    unpacked = unpack(downloaded.path, place, file.members, partial(report, f"unpacking {file.name}"))
    return Fetched(file, downloaded, unpacked)
