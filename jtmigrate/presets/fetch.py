"""The data sets and weights of the two detectors, for `jtmigrate fetch`."""

from pathlib import Path

from nanodet_common.fetch.catalogue import CATALOGUE, Entry
from nanodet_common.fetch.fetch import Fetched, Report, fetch, find_entry

__all__ = ["CATALOGUE", "Entry", "Fetched", "Report", "bring"]


def bring(name: str, folder: Path, report: Report) -> tuple[Entry, tuple[Fetched, ...]]:
    """Fetch what has this name in the catalogue. Raises InputError where it is unknown or cannot be brought."""
    entry = find_entry(name)
    return entry, fetch(entry, folder, report)
