"""`.trace` files: the runs of one model as one zip archive.

All members are stored, not compressed, so that arrays can be mapped instead of read:

    index.json        schema 1: runs, layers, templates; an array is the number of its entry in "arrays"
    sketches          float64, one row of `SKETCH_NUMBERS` an entry that has a "row"
    arrays/<sha256>   little-endian, in C order; of every entry that has a "member"
"""

import json
import mmap
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from jtmigrate.errors import UserError
from jtmigrate.files import check_writable, replacing
from jtmigrate.trace.record import Trace
from jtmigrate.trace.sketch import SAMPLES, Sketch, bytes_digest, little_endian, sketch
from jtmigrate.trace.tiers import SKETCH_NUMBERS, Entry, Survey, Tier, choose, sizes, survey
from jtmigrate.trace.trace_index import read_run, run_index

SCHEMA = 1
FORMAT = "jtmigrate trace"
DTYPES = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")


@dataclass(frozen=True)
class TraceFile:
    """What a file holds.

    runs        "float32", "float64", "isolated" -> trace; arrays that were not kept are sketches
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
        {**_description(entry), "row": number, "places": "", "member": entry.sha256}
        for number, entry in enumerate(found.entries)
    ]
    longest = _index_text(index, tier, described)
    estimates = sizes(found, len(longest))
    announce(estimates)
    chosen = choose(tier, estimates, budget)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
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
        index = json.loads(archive.read("index.json"))
        if index["format"] != FORMAT:
            raise ValueError("another format")
        if index["schema"] > SCHEMA:
            raise UserError(f"{path}: schema {index['schema']} is newer than this jtmigrate reads: update it")
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        rows = np.frombuffer(archive.read("sketches"), "<f8").reshape(-1, SKETCH_NUMBERS)
        arrays = [_read_entry(entry, rows, archive, mapped) for entry in index["arrays"]]
        runs = {name: read_run(run, arrays.__getitem__) for name, run in index["runs"].items()}
        if not runs:
            raise ValueError("no runs")
        return TraceFile(str(path), Tier(index["tier"]), runs, index["identities"], index["meta"])


def _write_archive(file: BinaryIO, found: Survey, index: Mapping[str, Any], tier: Tier) -> None:
    entries, rows, written = [], [], set()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for entry in found.entries:
            array, described = entry.read(), _description(entry)
            if isinstance(array, np.ndarray) and _is_kept(entry, tier):
                # Integers are hashed by value, whatever their width; the member is named by its very bytes.
                described["member"] = bytes_digest(array) if array.dtype.kind in "iu" else entry.sha256
                if described["member"] not in written:
                    written.add(described["member"])
                    with archive.open(_member(f"arrays/{described['member']}"), "w", force_zip64=True) as member:
                        member.write(little_endian(array))
            elif tier is not Tier.HASHES and (summed_up := _sketch_of(array)).measured:
                described |= {"row": len(rows), "places": summed_up.places}
                rows.append(_row(summed_up))
            entries.append(described)
        archive.writestr(_member("sketches"), np.array(rows, "<f8").tobytes())
        archive.writestr(_member("index.json"), _index_text(index, tier, entries))


def _description(entry: Entry) -> dict[str, Any]:
    return {"dtype": entry.dtype.newbyteorder("<").str[1:], "shape": entry.shape, "sha256": entry.sha256}


def _is_kept(entry: Entry, tier: Tier) -> bool:
    return tier is Tier.EVERYTHING or (tier is Tier.SUSPECTS and entry.is_suspect)


def _index_text(index: Mapping[str, Any], tier: Tier | None, entries: Sequence[Mapping[str, Any]]) -> bytes:
    whole = {**index, "tier": (tier or Tier.EVERYTHING).value, "arrays": entries}
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()


def _sketch_of(array: np.ndarray | Sketch) -> Sketch:
    return array if isinstance(array, Sketch) else sketch(array)


def _row(of: Sketch) -> list[float]:
    samples = np.zeros(SAMPLES) if of.size == 0 else of.samples
    return [of.scale, of.l2, of.minimum, of.maximum, of.nans, of.infs, *samples, *of.sums]


def _member(name: str) -> zipfile.ZipInfo:
    """A member whose date is always the same, so that equal runs make equal files."""
    return zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))


def _identity(trace: Trace, found: Survey) -> str:
    facts = [(each.key, slot, found.sha256(each.outputs, slot)) for each in trace.layers for slot in each.outputs]
    return sha256(json.dumps([trace.framework, trace.dtype, facts]).encode()).hexdigest()


def _read_entry(
    entry: Mapping[str, Any], rows: np.ndarray, archive: zipfile.ZipFile, mapped: mmap.mmap
) -> np.ndarray | Sketch:
    if entry["dtype"] not in DTYPES:
        raise ValueError(f"dtype {entry['dtype']}")
    dtype, shape = np.dtype(entry["dtype"]).newbyteorder("<"), tuple(entry["shape"])
    if "member" in entry:
        array = _mapped_array(archive.getinfo(f"arrays/{entry['member']}"), dtype, shape, mapped)
        if bytes_digest(array) != entry["member"]:
            raise ValueError("an array has changed")
        return array
    if "row" not in entry:
        return Sketch(shape, dtype, entry["sha256"])
    scale, l2, minimum, maximum, nans, infs, *values = rows[entry["row"]].tolist()
    samples = np.array(values[:SAMPLES] if all(shape) else [])
    return Sketch(
        shape=shape,
        dtype=dtype,
        sha256=entry["sha256"],
        measured=True,
        scale=scale,
        l2=l2,
        minimum=minimum,
        maximum=maximum,
        nans=int(nans),
        infs=int(infs),
        places=entry["places"],
        samples=samples,
        sums=np.array(values[SAMPLES:]),
    )


def _mapped_array(info: zipfile.ZipInfo, dtype: np.dtype, shape: tuple[int, ...], mapped: mmap.mmap) -> np.ndarray:
    count = int(np.prod(shape, dtype=np.int64))
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != count * dtype.itemsize:
        raise ValueError(f"{info.filename} does not hold what the index says")
    if count == 0:
        return np.zeros(shape, dtype)
    # The local header's name and extra field may differ in length from those in the archive's directory.
    start = info.header_offset
    lengths = np.frombuffer(mapped, "<u2", 2, start + 26)
    return np.frombuffer(mapped, dtype, count, start + 30 + int(lengths.sum())).reshape(shape)


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Whatever a damaged file makes the readers raise, in one line."""
    try:
        yield
    except (zipfile.BadZipFile, ValueError, KeyError, IndexError, TypeError, EOFError, NotImplementedError) as error:
        raise UserError(f"{path}: no trace file, or a damaged one: record it again with jtmigrate trace") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
