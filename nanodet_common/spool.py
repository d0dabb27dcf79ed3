"""Tuples of arrays, one an image, kept in a temporary file: memory does not grow with the number of images."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import numpy as np

Kept = TypeVar("Kept", bound=tuple[np.ndarray, ...])


class Spool(Mapping[int, Kept]):
    """By image; read from the file whenever one is asked for. The file has no name and goes with the mapping."""

    def __init__(self, kind: Callable[..., Kept]) -> None:
        """kind: the class of what is kept, a named tuple of arrays."""
        self._kind = kind
        self._file = tempfile.TemporaryFile(prefix="jtmigrate-")  # noqa: SIM115 - lives as long as the spool
        self._places: dict[int, tuple[int, int]] = {}

    def add(self, image_id: int, value: Kept) -> None:
        """Keep what belongs to an image."""
        self._places[image_id] = self._file.seek(0, 2), len(value)
        for array in value:
            np.save(self._file, array)

    def __getitem__(self, image_id: int) -> Kept:
        place, count = self._places[image_id]
        self._file.seek(place)
        return self._kind(*(np.load(self._file) for _ in range(count)))

    def __iter__(self) -> Iterator[int]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __reduce__(self) -> tuple[type, tuple[dict[int, Kept]]]:
        """A file cannot be sent to another process: a plain dict is."""
        return dict, (dict(self.items()),)
