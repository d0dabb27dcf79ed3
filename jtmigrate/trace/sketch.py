"""`Sketch`: what is kept of an array that is not kept itself, enough to tell how far it is from another one.

The signed sums are a count sketch with consecutive buckets: in a sum of differences with random signs everything but
the squares cancels on average, so that (sum of a - sum of b)**2 estimates the sum of (a - b)**2 over that bucket.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

SAMPLES = 24
BUCKETS = 24
SEED = 20240229
"""Of the signs: any number, but the same for every trace that was ever written."""
CHUNK = 1 << 22
"""Elements handled at a time: what a sketch costs in memory does not grow with the array."""


@dataclass(frozen=True)
class Sketch:
    """One array, summed up. `shape`, `dtype` and `size` are those of the array.

    sha256      of its values: of the bytes in little-endian order; integers are widened to 64 bits first, since
                frameworks differ in their width
    measured    False where only shape, dtype and hash were kept: the fields below then mean nothing
    scale       largest finite magnitude
    l2          square root of the sum of squares of the finite values
    minimum, maximum   of the finite values, 0 if there are none
    nans, infs  how many there are
    places      hash of where they are, "" if there are none
    samples     (SAMPLES,) values at evenly spaced places of the flattened array
    sums        (BUCKETS,) sums with random signs over consecutive parts of the flattened array

    Values that are not finite count as 0 in samples and sums.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    sha256: str
    measured: bool = False
    scale: float = 0.0
    l2: float = 0.0
    minimum: float = 0.0
    maximum: float = 0.0
    nans: int = 0
    infs: int = 0
    places: str = ""
    samples: np.ndarray | None = None
    sums: np.ndarray | None = None

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    def any(self) -> bool:
        """Whether any element is not zero; so it is taken to be where only the hash is known."""
        return not self.measured or self.scale > 0 or bool(self.places)


def sketch(array: np.ndarray) -> Sketch:
    """Sum up an array of numbers or booleans, in bounded memory."""
    flat = np.ascontiguousarray(array).reshape(-1)
    size = flat.size
    places, nans, infs = hashlib.sha256(), 0, 0
    squares, sums = 0.0, np.zeros(BUCKETS)
    low, high = np.inf, -np.inf
    for start in range(0, size, CHUNK):
        values = flat[start : start + CHUNK].astype(np.float64)
        finite = np.isfinite(values)
        if not finite.all():
            nan = np.isnan(values)
            nans += int(np.count_nonzero(nan))
            infs += int(np.count_nonzero(~finite & ~nan))
            places.update(np.where(nan, 2, np.sign(values) * ~finite).astype(np.int8).tobytes())
            low, high = min(low, values[finite].min(initial=np.inf)), max(high, values[finite].max(initial=-np.inf))
            values[~finite] = 0.0
        else:
            places.update(bytes(values.size))
            low, high = min(low, values.min()), max(high, values.max())
        squares += float(np.dot(values, values))
        _add_signed_sums(sums, values, start, size)
    low, high = (float(low), float(high)) if low <= high else (0.0, 0.0)
    return Sketch(
        shape=array.shape,
        dtype=array.dtype,
        sha256=values_digest(array),
        measured=True,
        scale=max(abs(low), abs(high)),
        l2=squares**0.5,
        minimum=low,
        maximum=high,
        nans=nans,
        infs=infs,
        places=places.hexdigest() if nans or infs else "",
        samples=np.nan_to_num(flat[_sample_places(size)].astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0),
        sums=sums,
    )


def values_digest(array: np.ndarray) -> str:
    """SHA-256 of an array's values; see `Sketch`."""
    return bytes_digest(array.astype(np.int64) if array.dtype.kind in "iu" else array)


def bytes_digest(array: np.ndarray) -> str:
    """SHA-256 of an array's bytes in little-endian order."""
    return hashlib.sha256(little_endian(array)).hexdigest()


def little_endian(array: np.ndarray) -> memoryview:
    """The bytes of an array, in C order and little-endian."""
    stored = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return memoryview(stored.reshape(-1).view(np.uint8))


def _sample_places(size: int) -> np.ndarray:
    """SAMPLES places, evenly spaced from the first to the last element; none for an empty array."""
    return np.linspace(0, size - 1, SAMPLES).round().astype(np.int64) if size else np.zeros(0, np.int64)


def _add_signed_sums(sums: np.ndarray, values: np.ndarray, start: int, size: int) -> None:
    """Add values, which begin at place `start` of an array of that size, to the sums of their buckets."""
    signed = values * _signs(start, values.size)
    buckets = np.arange(BUCKETS + 1) * size // BUCKETS - start
    for bucket, (first, last) in enumerate(zip(buckets[:-1].clip(0), buckets[1:].clip(0), strict=True)):
        if first < last and first < signed.size:
            sums[bucket] += signed[first:last].sum()


def _signs(start: int, number: int) -> np.ndarray:
    """The signs (+1.0 and -1.0) of the places from `start`, a multiple of CHUNK."""
    words = np.random.PCG64(SEED + start // CHUNK).random_raw(-(-number // 64)).astype("<u8")
    return np.unpackbits(words.view(np.uint8))[:number] * 2.0 - 1.0
