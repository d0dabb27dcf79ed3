"""One array of a trace file: its entry in the index, its row of statistics, its bytes."""

import mmap
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from jtmigrate.trace.sketch import SAMPLES, Sketch, bytes_digest
from jtmigrate.trace.tiers import Entry

DTYPES = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")


def description(entry: Entry) -> dict[str, Any]:
    """What every entry of the index tells."""
    return {"dtype": entry.dtype.newbyteorder("<").str[1:], "shape": entry.shape, "sha256": entry.sha256}


def row_of(of: Sketch) -> list[float]:
    """A measured sketch as the `SKETCH_NUMBERS` of its row."""
    samples = np.zeros(SAMPLES) if of.size == 0 else of.samples
    return [of.l2, of.minimum, of.maximum, *samples, *of.sums]


def read_entry(
    entry: Mapping[str, Any], rows: np.ndarray, archive: zipfile.ZipFile, mapped: mmap.mmap
) -> np.ndarray | Sketch:
    """The array of an entry, mapped, or its sketch. Raises ValueError or KeyError where the file is damaged."""
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
    l2, minimum, maximum, *values = rows[entry["row"]].tolist()
    samples = np.array(values[:SAMPLES] if all(shape) else [])
    return Sketch(
        shape=shape,
        dtype=dtype,
        sha256=entry["sha256"],
        measured=True,
        scale=max(abs(minimum), abs(maximum)),
        l2=l2,
        minimum=minimum,
        maximum=maximum,
        nans=entry.get("nans", 0),
        infs=entry.get("infs", 0),
        places=entry.get("places", ""),
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
