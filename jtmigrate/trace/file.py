"""`.trace` files: the runs of one model as one zip archive.

Arrays are not compressed, so that they can be mapped instead of read:

    index.json        schema 1: runs, layers, templates; an array is the number of its entry in "arrays"
    sketches          float64, one row of `SKETCH_NUMBERS` an entry that has a "row"
    arrays/<sha256>   little-endian, in C order; of every entry that has a "member"

The index alone is compressed: of a lower tier it is half of the file, and repeats itself.
"""

import json
import mmap
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from jtmigrate.errors import UserError
from jtmigrate.files import check_writable, writing
from jtmigrate.trace.entries import description, read_entry, row_of
from jtmigrate.trace.record import Trace
from jtmigrate.trace.sketch import Sketch, bytes_digest, little_endian, sketch
from jtmigrate.trace.tiers import SKETCH_NUMBERS, Entry, Survey, Tier, choose, sizes, survey
from jtmigrate.trace.trace_index import read_run, run_index

SCHEMA = 1
FORMAT = "jtmigrate trace"
COMPRESSION_VARIES = 1.02
"""How much worse than the longest index a shorter one may be compressed."""
LARGEST_INDEX = 1 << 28
"""Bytes: no run is near it, and a small file cannot claim more memory than this."""


@dataclass(frozen=True)
class TraceFile:
    """What a file holds.

    runs        "float32", "float64", "isolated", "alone" -> trace; arrays that were not kept are sketches
    identities  of every run: equal for runs of the same layers with the same values, whatever their tier
    meta        title, inputs and their hashes, versions, command; "replay_of": identity of the run that was replayed
    """

    path: str
    tier: Tier
    runs: Mapping[str, Trace]
    identities: Mapping[str, str]
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def framework(self) -> str:
        return next(iter(self.runs.values())).framework


@dataclass(frozen=True)
class Written:
    """What `write_traces` wrote, and what every tier would have taken (bytes)."""

    tier: Tier
    nbytes: int
    estimates: Mapping[Tier, int]


def write_traces(
    path: Path,
    runs: Mapping[str, Trace],
    *,
    tier: Tier | None = Tier.EVERYTHING,
    suspects: Sequence[str] = (),
    budget: int | None = None,
    meta: Mapping[str, Any] | None = None,
    announce: Callable[[Mapping[Tier, int]], None] = lambda estimates: None,
) -> Written:
    """Write runs of one model.

    tier      None for the largest that is within the budget
    suspects  patterns of paths; see `tiers.survey`
    budget    bytes
    announce  is told the size of every tier before anything is written

    Raises UserError, with nothing written, if the budget does not suffice or the place cannot be written to.
    """
    check_writable(path)
    found = survey(runs, suspects)
    index = {
        "format": FORMAT,
        "schema": SCHEMA,
        "meta": dict(meta or {}),
        "runs": {name: run_index(trace, found.number) for name, trace in runs.items()},
        "identities": {name: _identity(trace, found) for name, trace in runs.items()},
    }
    # Every entry as long as it can be: what follows takes no more.
    described = [
        {**description(entry), "row": number, "member": entry.sha256} for number, entry in enumerate(found.entries)
    ]
    longest = _index_text(index, tier, described)
    estimates = sizes(found, int(len(zlib.compress(longest)) * COMPRESSION_VARIES))
    announce(estimates)
    chosen = choose(tier, estimates, budget)
    with writing(path) as file:
        _write_archive(file, found, index, chosen)
        nbytes = file.tell()
    return Written(chosen, nbytes, estimates)


def read_traces(path: Path) -> TraceFile:
    """Read a file; arrays are mapped, so that a large one takes no memory before it is looked at.

    Raises UserError if there is no such file, it is no trace, damaged, or of a newer schema.
    """
    if not path.is_file():
        raise UserError(f"no such file: {path}")
    with _damage_told(path), open(path, "rb") as file, zipfile.ZipFile(file) as archive:
        if archive.getinfo("index.json").file_size > LARGEST_INDEX:
            raise ValueError("no index is so large")
        index = json.loads(archive.read("index.json"))
        if index["format"] != FORMAT:
            raise ValueError("another format")
        if index["schema"] > SCHEMA:
            raise UserError(f"{path}: schema {index['schema']} is newer than this jtmigrate reads: update it")
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        rows = np.frombuffer(archive.read("sketches"), "<f8").reshape(-1, SKETCH_NUMBERS)
        arrays = [read_entry(entry, rows, archive, mapped) for entry in index["arrays"]]
        runs = {name: read_run(run, arrays.__getitem__) for name, run in index["runs"].items()}
        if not runs:
            raise ValueError("no runs")
        return TraceFile(str(path), Tier(index["tier"]), runs, index["identities"], index["meta"])


def _write_archive(file: BinaryIO, found: Survey, index: Mapping[str, Any], tier: Tier) -> None:
    entries, rows, written = [], [], set()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for entry in found.entries:
            array, described = entry.read(), description(entry)
            if isinstance(array, np.ndarray) and _is_kept(entry, tier):
                # Integers are hashed by value, whatever their width; the member is named by its very bytes.
                described["member"] = bytes_digest(array) if array.dtype.kind in "iu" else entry.sha256
                if described["member"] not in written:
                    written.add(described["member"])
                    with archive.open(_member(f"arrays/{described['member']}"), "w", force_zip64=True) as member:
                        member.write(little_endian(array))
            elif tier is not Tier.HASHES and (summed_up := _sketch_of(array)).measured:
                described["row"] = len(rows)
                if summed_up.places:
                    described |= {"places": summed_up.places, "nans": summed_up.nans, "infs": summed_up.infs}
                rows.append(row_of(summed_up))
            entries.append(described)
        archive.writestr(_member("sketches"), np.array(rows, "<f8").tobytes())
        archive.writestr(_member("index.json"), _index_text(index, tier, entries), zipfile.ZIP_DEFLATED)


def _is_kept(entry: Entry, tier: Tier) -> bool:
    return tier is Tier.EVERYTHING or (tier is Tier.SUSPECTS and entry.is_suspect)


def _index_text(index: Mapping[str, Any], tier: Tier | None, entries: Sequence[Mapping[str, Any]]) -> bytes:
    whole = {**index, "tier": (tier or Tier.EVERYTHING).value, "arrays": entries}
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()


def _sketch_of(array: np.ndarray | Sketch) -> Sketch:
    return array if isinstance(array, Sketch) else sketch(array)


def _member(name: str) -> zipfile.ZipInfo:
    """A member whose date is always the same, so that equal runs make equal files."""
    return zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))


def _identity(trace: Trace, found: Survey) -> str:
    facts = [(each.key, slot, found.sha256(each.outputs, slot)) for each in trace.layers for slot in each.outputs]
    return sha256(json.dumps([trace.framework, trace.dtype, facts]).encode()).hexdigest()


DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    EOFError,
    NotImplementedError,
)
"""What a damaged file makes the readers raise."""


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Damage in one line."""
    try:
        yield
    except DAMAGE as error:
        raise UserError(f"{path}: no trace file, or a damaged one: record it again with jtmigrate trace") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
