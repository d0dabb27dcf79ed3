"""`TensorLeaf`: a tensor whose shape and dtype are known, and whose elements are fetched when they are asked for."""

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

import numpy as np

from jtmigrate.checkpoint.byte_ranges import PIECE, ByteRange
from jtmigrate.checkpoint.elements import Element
from jtmigrate.checkpoint.errors import FormatError

EXPANDED_LIMIT = 64 << 20
"""Bytes to which a view may repeat the elements of a smaller storage: strides of 0 could ask for any memory."""


class TensorLeaf(ABC):
    """Two leaves are equal if they are one tensor under two names (tied weights).

    shape, dtype    of the array that it is read as; the dtype is native
    stored          dtype in the file if numpy lacks it ("bfloat16"), else ""
    shared_storage  equal for views of one storage; None for a tensor whose storage nothing else can share
    extent          first byte that it uses of that storage, and the one after the last
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    stored: str = ""
    shared_storage: Hashable = None
    extent: tuple[int, int] = (0, 0)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the array that it is read as."""
        return self.size * self.dtype.itemsize

    @abstractmethod
    def pieces(self) -> Iterator[np.ndarray]:
        """The elements in C order, in one-dimensional arrays of about PIECE bytes, not to be written to.

        An array is valid until the next but one is asked for. Raises FormatError if the bytes cannot be read.
        """

    def to_array(self) -> np.ndarray:
        """A contiguous copy in an array of its own. Raises FormatError like `pieces`."""
        array = np.empty(self.shape, self.dtype)
        flat = array.reshape(-1)
        filled = 0
        for piece in self.pieces():
            flat[filled : filled + piece.size] = piece
            filled += piece.size
        return array


class PickledLeaf(ABC):
    """Stands for a tensor within an unpickled object, which can put anything into one."""

    __slots__ = ()

    @abstractmethod
    def leaf(self) -> TensorLeaf:
        """The tensor. Raises FormatError if the pickle describes an impossible one."""


@dataclass(frozen=True, eq=False)
class ArrayTensor(TensorLeaf):
    """An array in memory. Tied are leaves of the same array object."""

    array: np.ndarray
    stored: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArrayTensor) and other.array is self.array

    def __hash__(self) -> int:
        return id(self.array)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> np.dtype:
        return self.array.dtype.newbyteorder("=")

    def pieces(self) -> Iterator[np.ndarray]:
        yield from slices(np.ascontiguousarray(self.array, self.dtype).reshape(-1))


@dataclass(frozen=True)
class CastTensor(TensorLeaf):
    """Another tensor in another dtype. Whether that changes a value is for the caller to know."""

    source: TensorLeaf
    dtype: np.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return self.source.shape

    @property
    def stored(self) -> str:
        return self.source.stored

    def pieces(self) -> Iterator[np.ndarray]:
        return (piece.astype(self.dtype) for piece in self.source.pieces())


@dataclass(frozen=True)
class ReshapedTensor(TensorLeaf):
    """Another tensor in another shape of as many elements."""

    source: TensorLeaf
    shape: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype:
        return self.source.dtype

    @property
    def stored(self) -> str:
        return self.source.stored

    def pieces(self) -> Iterator[np.ndarray]:
        return self.source.pieces()


@dataclass(frozen=True)
class StoredTensor(TensorLeaf):
    """A view into a storage that lies in a file; offset and strides count elements.

    Whoever makes one has checked that it does not reach beyond the storage.
    """

    storage: ByteRange
    element: Element
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype:
        return self.element.dtype

    @property
    def stored(self) -> str:
        return self.element.narrow

    @property
    def shared_storage(self) -> ByteRange:
        return self.storage

    @property
    def extent(self) -> tuple[int, int]:
        width = self.element.bits.itemsize
        last = sum((size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True))
        return self.offset * width, (self.offset + last + 1 if self.size else self.offset) * width

    def pieces(self) -> Iterator[np.ndarray]:
        if _in_order(self.shape, self.strides):
            for piece in self.storage.pieces(*self.extent):
                yield self.element.decode(piece)
        else:
            yield from slices(self._gathered())

    def _gathered(self) -> np.ndarray:
        stored = self.storage.read(*self.extent).view(self.element.bits)
        byte_strides = [stride * stored.itemsize for stride in self.strides]
        view = np.lib.stride_tricks.as_strided(stored, self.shape, byte_strides, writeable=False)
        return self.element.decode(view.astype(stored.dtype, order="C").reshape(-1).view(np.uint8))


def named_pieces(name: str, tensor: TensorLeaf) -> Iterator[np.ndarray]:
    """The pieces of a tensor. Raises FormatError, which names it, if it cannot be read."""
    try:
        yield from tensor.pieces()
    except FormatError as error:
        raise FormatError(f"tensor {name!r}: {error}") from error


def contiguous_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides in elements, as PyTorch counts them: an axis of size 0 counts as 1."""
    strides = [1] * len(shape)
    for axis in range(len(shape) - 1, 0, -1):
        strides[axis - 1] = strides[axis] * max(shape[axis], 1)
    return tuple(strides)


def slices(flat: np.ndarray) -> Iterator[np.ndarray]:
    """A one-dimensional array in pieces."""
    step = PIECE // flat.itemsize
    for begin in range(0, flat.size, step):
        yield flat[begin : begin + step]


def _in_order(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether the elements follow each other; the stride of an axis of size 1 does not matter."""
    expected = contiguous_strides(shape)
    return 0 in shape or all(
        size == 1 or stride == wanted for size, stride, wanted in zip(shape, strides, expected, strict=True)
    )
