"""How numpy pickles an array: a shape, a dtype and raw bytes, rebuilt here without trusting any of the three."""

import math
import sys
from typing import Any

import numpy as np

from jtmigrate.checkpoint.contents import TensorLeaf
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.model import DTYPES

_MAX_DIMENSIONS = 32


class PickledDtype:
    """Stands for `numpy.dtype`: a code such as "f4", and a byte order that arrives later as state."""

    def __init__(self, code: Any, *_: Any) -> None:
        self._code = code
        self._byte_order = "="

    def __setstate__(self, state: Any) -> None:
        self._byte_order = state[1]

    def to_dtype(self) -> np.dtype:
        """Raises FormatError for anything but the plain numbers that every format here can hold."""
        codes = {np.dtype(name).str[1:]: np.dtype(name) for name in DTYPES}
        if self._code not in codes or self._byte_order not in ("<", ">", "|", "="):
            raise FormatError(f"numpy dtype {self._code!r} is not read")
        return codes[self._code].newbyteorder(self._byte_order)


class PickledArray(TensorLeaf):
    """Stands for `numpy.ndarray`: (version, shape, dtype, is Fortran ordered, bytes) arrive as state."""

    def __init__(self) -> None:
        self._state: Any = None

    def __setstate__(self, state: Any) -> None:
        self._state = state

    def to_array(self) -> np.ndarray:
        match self._state:
            case (_, tuple() as shape, PickledDtype() as dtype, bool(fortran), bytes() as data):
                return array_from_bytes(data, dtype.to_dtype(), shape, "F" if fortran else "C")
        raise FormatError("not an array of plain numbers")


def check_shape(shape: tuple[Any, ...]) -> None:
    """Raise FormatError unless numpy could have such a shape. To be asked before its product is computed."""
    if len(shape) > _MAX_DIMENSIONS:
        raise FormatError(f"impossible shape of {len(shape)} dimensions")
    if not all(isinstance(size, int) and 0 <= size <= sys.maxsize for size in shape):
        raise FormatError(f"impossible shape {shape}")


def array_from_bytes(data: bytes, dtype: np.dtype, shape: tuple[int, ...], order: str = "C") -> np.ndarray:
    """A copy in native byte order. Raises FormatError if the shape is impossible or does not fit the data."""
    check_shape(shape)
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise FormatError(f"has {len(data)} bytes, but shape {shape} of {dtype.name} needs another number")
    try:
        return np.ndarray(shape, dtype, data, order=order).astype(dtype.newbyteorder("="), order="C")
    except (ValueError, OverflowError) as error:
        raise FormatError(f"impossible shape: {error}") from error


def _reconstruct(*_: Any) -> PickledArray:
    return PickledArray()


NUMPY_GLOBALS: dict[str, Any] = {
    "numpy.core.multiarray._reconstruct": _reconstruct,
    "numpy._core.multiarray._reconstruct": _reconstruct,
    "numpy.dtype": PickledDtype,
}
"""The allow-list of pickled numpy arrays; numpy 2 moved `core` to `_core`."""
