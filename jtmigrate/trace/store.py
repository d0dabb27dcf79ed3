"""Arrays of a run kept in a temporary file instead of in memory.

A training step of a detector leaves gigabytes of activations, gradients and their float64 counterparts, and comparing
looks at one layer at a time.
"""

import tempfile
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

SMALL = 1 << 14
"""Bytes: arrays up to this stay in memory."""


class _Place(NamedTuple):
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype


class ArrayStore:
    """A temporary file of arrays; it goes when the last mapping on it does."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="jtmigrate-")  # noqa: SIM115 - lives as long as the store
        self._end = 0

    def put(self, array: np.ndarray) -> "np.ndarray | _Place":
        """What stands for an array in a `StoredArrays`: its place in the file, or a small array itself."""
        if array.nbytes <= SMALL:
            return array.copy()
        place = _Place(self._end, array.shape, array.dtype)
        self._file.seek(self._end)
        self._file.write(np.ascontiguousarray(array).data)
        self._end += array.nbytes
        return place

    def get(self, kept: "np.ndarray | _Place") -> np.ndarray:
        """The array that `put` was given."""
        if isinstance(kept, np.ndarray):
            return kept
        array = np.empty(kept.shape, kept.dtype)
        self._file.seek(kept.offset)
        self._file.readinto(array.data.cast("B"))
        return array


class StoredArrays(Mapping[str, np.ndarray]):
    """Named arrays that are read from their store whenever they are asked for."""

    def __init__(self, store: ArrayStore, kept: Mapping[str, "np.ndarray | _Place"]):
        self._store = store
        self._kept = kept

    def __getitem__(self, name: str) -> np.ndarray:
        return self._store.get(self._kept[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


def stored(store: ArrayStore | None, arrays: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """The same arrays, kept in a store if there is one."""
    if store is None:
        return arrays
    return StoredArrays(store, {name: store.put(array) for name, array in arrays.items()})
