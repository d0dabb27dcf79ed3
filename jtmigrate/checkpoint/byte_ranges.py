"""Bytes of a file that have not been read yet, and how they are read without holding more than a piece of them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import BinaryIO

import numpy as np

from jtmigrate.checkpoint.errors import FormatError

PIECE = 1 << 20
"""Bytes read at a time: a multiple of every item's size, and few enough to stay in the CPU's cache."""


class ByteRange(ABC):
    """Some bytes in a row. `length` is their number."""

    length: int

    @abstractmethod
    def pieces(self, begin: int, end: int) -> Iterator[np.ndarray]:
        """Bytes `begin` to `end` as arrays of uint8, each of PIECE bytes but for the last.

        An array is valid until the next but one is asked for: a thread may work on it while the next is read.
        Raises FormatError if the bytes are not there or damaged.
        """

    def read(self, begin: int, end: int) -> np.ndarray:
        """Bytes `begin` to `end` in one new array of uint8. Raises FormatError like `pieces`."""
        found = np.empty(end - begin, np.uint8)
        filled = 0
        for piece in self.pieces(begin, end):
            found[filled : filled + piece.size] = piece
            filled += piece.size
        return found


@dataclass(frozen=True, eq=False)
class FileRange(ByteRange):
    """`length` bytes of a file from `position` on."""

    file: BinaryIO
    position: int
    length: int

    def pieces(self, begin: int, end: int) -> Iterator[np.ndarray]:
        # Two buffers for all pieces: new memory, page after page, would cost more than the reading.
        buffers = cycle([np.empty(min(PIECE, end - begin), np.uint8) for _ in range(2)])
        for place, buffer in zip(range(begin, end, PIECE), buffers, strict=False):
            piece = buffer[: end - place]
            try:
                # Sought each time: other ranges of the same file may be read in between.
                self.file.seek(self.position + place)
                count = self.file.readinto(piece)
            except OSError as error:
                raise FormatError(f"cannot be read: {error.strerror}") from error
            if count != piece.size:
                raise FormatError("truncated: the file ends within the tensor")
            yield piece


@dataclass(frozen=True, eq=False)
class MemoryRange(ByteRange):
    """Bytes that are in memory already."""

    data: bytes

    @property
    def length(self) -> int:
        return len(self.data)

    def pieces(self, begin: int, end: int) -> Iterator[np.ndarray]:
        whole = np.frombuffer(self.data, np.uint8)
        for place in range(begin, end, PIECE):
            yield whole[place : min(place + PIECE, end)]
