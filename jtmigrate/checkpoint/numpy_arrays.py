"""How numpy pickles an array: a shape, a dtype and raw bytes, rebuilt here without trusting any of the three."""

import math
import sys
from copy import copy
from typing import Any

import numpy as np

from jtmigrate.checkpoint.byte_ranges import ByteRange, MemoryRange
from jtmigrate.checkpoint.elements import Element
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.model import DTYPES
from jtmigrate.checkpoint.restricted_pickle import Opaque
from jtmigrate.checkpoint.tensors import PickledLeaf, StoredTensor, contiguous_strides

_MAX_DIMENSIONS = 32

_CODES = {np.dtype(name).str[1:]: np.dtype(name) for name in DTYPES}


class PickledDtype:
    """Stands for `numpy.dtype`: a code such as "f4", and a byte order that arrives later as state."""

    def __init__(self, code: Any) -> None:
        self._code = code
        self._byte_order: Any = "="

    def __setstate__(self, state: Any) -> None:
        self._byte_order = state[1]

    def to_dtype(self) -> np.dtype:
        """Raises FormatError for anything but the plain numbers that are read here."""
        code, order = self._code, self._byte_order
        if not (isinstance(code, str) and code in _CODES and isinstance(order, str) and order in ("<", ">", "|", "=")):
            raise FormatError(f"is of numpy's dtype {code[:40] if isinstance(code, str) else '?'}, which is not read")
        return _CODES[code].newbyteorder(order)


class PickledArray(PickledLeaf):
    """Stands for `numpy.ndarray`: (version, shape, dtype, is Fortran ordered, bytes) arrive as state."""

    def __init__(self) -> None:
        self._state: Any = None

    def __setstate__(self, state: Any) -> None:
        self._state = state

    def leaf(self) -> StoredTensor:
        """Raises FormatError if it is no array of plain numbers."""
        match self._state:
            case (_, tuple() as shape, PickledDtype() as dtype, bool(fortran), ByteRange() as data):
                # Each array has bytes of its own, though a pickle holds equal ones of a single byte only once.
                return stored_array(copy(data), Element(dtype.to_dtype()), shape, fortran=fortran)
            case (_, tuple() as shape, PickledDtype() as dtype, bool(fortran), str(text)):
                return stored_array(_encode(text), Element(dtype.to_dtype()), shape, fortran=fortran)
        raise FormatError("not an array of plain numbers")


def check_shape(shape: tuple[Any, ...]) -> None:
    """Raise FormatError unless numpy could have such a shape. To be asked before its product is computed."""
    if len(shape) > _MAX_DIMENSIONS:
        raise FormatError(f"impossible shape of {len(shape)} dimensions")
    if not all(type(size) is int and 0 <= size <= sys.maxsize for size in shape):
        raise FormatError("impossible shape: its sizes are no sizes")
    # numpy multiplies the sizes that are not 0, even where another one is.
    if math.prod(max(size, 1) for size in shape) > sys.maxsize >> 4:
        raise FormatError(f"impossible shape {shape}")


def stored_array(data: ByteRange, element: Element, shape: tuple[int, ...], *, fortran: bool = False) -> StoredTensor:
    """A whole array that fills `data`. Raises FormatError if the shape is impossible or does not fit the data."""
    check_shape(shape)
    if data.length != math.prod(shape) * element.bits.itemsize:
        raise FormatError(f"has {data.length} bytes, but shape {shape} of {element.name} needs another number")
    strides = contiguous_strides(shape[::-1])[::-1] if fortran else contiguous_strides(shape)
    return StoredTensor(data, element, 0, shape, strides)


def _reconstruct(*_: Any) -> PickledArray:
    return PickledArray()


def _dtype(code: Any, *_: Any) -> PickledDtype:
    return PickledDtype(code)


def _encode(text: Any, _encoding: Any = "latin1") -> MemoryRange:
    """Up to protocol 2 pickles know no bytes: they are texts of the characters 0 to 255."""
    if not isinstance(text, str):
        raise FormatError("damaged pickle (bytes that are no text)")
    return MemoryRange(text.encode("latin1"))


NUMPY_GLOBALS: dict[str, Any] = {
    "numpy.core.multiarray._reconstruct": _reconstruct,
    "numpy._core.multiarray._reconstruct": _reconstruct,
    "numpy.ndarray": Opaque("numpy.ndarray"),
    "numpy.dtype": _dtype,
    "_codecs.encode": _encode,
}
"""The allow-list of pickled numpy arrays; numpy 2 moved `core` to `_core`."""
