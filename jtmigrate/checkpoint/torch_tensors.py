"""How PyTorch pickles a tensor: a view (offset, shape, strides) into a storage that lies outside of the pickle."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from jtmigrate.checkpoint.bfloat16 import BFLOAT16, BITS, widened
from jtmigrate.checkpoint.contents import TensorLeaf
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.numpy_arrays import array_from_bytes, check_shape

STORAGE_DTYPES = {
    "BoolStorage": "bool",
    "ByteStorage": "uint8",
    "CharStorage": "int8",
    "ShortStorage": "int16",
    "IntStorage": "int32",
    "LongStorage": "int64",
    "HalfStorage": "float16",
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
}
"""PyTorch's storage classes -> numpy dtype names."""

EXPANDED_LIMIT = 64 << 20
"""Bytes to which a view may repeat the elements of a smaller storage: strides of 0 could ask for any memory."""

_BFLOAT16_STORAGE = "BFloat16Storage"
_UNREAD_STORAGES = ("ComplexFloatStorage", "ComplexDoubleStorage", "UntypedStorage")


@dataclass(frozen=True)
class StorageType:
    """Stands for a storage class such as `torch.FloatStorage`."""

    name: str

    @property
    def dtype(self) -> np.dtype:
        """Little-endian, as stored; bfloat16 as its bits. Raises FormatError for a storage class not read here."""
        if self.name == _BFLOAT16_STORAGE:
            return BITS
        if self.name not in STORAGE_DTYPES:
            raise FormatError(f"{self.name} is not read yet: save it as float32 (tensor.float())")
        return np.dtype(STORAGE_DTYPES[self.name]).newbyteorder("<")


@dataclass(frozen=True)
class Storage:
    """A storage of a file; `fetch(key)` reads its bytes. Within a file, the key tells it from the others."""

    type: StorageType
    key: str
    fetch: Callable[[str], bytes] = field(compare=False)


@dataclass(frozen=True)
class PickledTensor(TensorLeaf):
    """A view into a storage; offset and strides count elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def shared_storage(self) -> Storage:
        return self.storage

    @property
    def stored(self) -> str:
        return BFLOAT16 if self.storage.type.name == _BFLOAT16_STORAGE else ""

    def to_array(self) -> np.ndarray:
        dtype = self.storage.type.dtype
        array = strided_copy(self.storage.fetch(self.storage.key), dtype, self.offset, self.shape, self.strides)
        return widened(array) if self.stored else array


@dataclass(frozen=True, eq=False)
class UnreadTensor(TensorLeaf):
    """A tensor of a dtype that PyTorch gives no storage class of its own: float8, uint16, ..."""

    dtype: str

    def to_array(self) -> np.ndarray:
        raise FormatError(f"{self.dtype} is not read: save it as float32 or an integer that torch and numpy share")


def strided_copy(
    data: bytes, dtype: np.dtype, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> np.ndarray:
    """The array that a view into `data` describes, contiguous and in native byte order.

    Raises FormatError if the view reaches beyond the data.
    """
    check_shape(shape)
    numbers = (offset, *shape, *strides)
    if len(shape) != len(strides) or not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise FormatError(f"impossible view: offset {offset}, shape {shape}, strides {strides}")
    if 0 in shape:
        return array_from_bytes(b"", dtype, shape)
    extent = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True)) + 1
    if extent * dtype.itemsize > len(data):
        raise FormatError(f"needs {extent * dtype.itemsize} bytes of a storage of {len(data)}")
    if math.prod(shape) * dtype.itemsize > max(len(data), EXPANDED_LIMIT):
        raise FormatError(f"shape {shape} repeats a storage of {len(data)} bytes beyond {EXPANDED_LIMIT}")
    flat = np.frombuffer(data, dtype, count=extent - offset, offset=offset * dtype.itemsize)
    byte_strides = [stride * dtype.itemsize for stride in strides]
    try:
        view = np.lib.stride_tricks.as_strided(flat, shape, byte_strides, writeable=False)
        return view.astype(dtype.newbyteorder("="), order="C")
    except (ValueError, MemoryError) as error:
        raise FormatError(f"shape {shape} is too large: {error}") from error


def _rebuild_tensor(storage: Storage, offset: int, shape: Any, strides: Any, *_: Any) -> PickledTensor:
    if not isinstance(storage, Storage):
        raise FormatError("a tensor without a storage")
    shape, strides = tuple(shape), tuple(strides)
    # Checked before anything else: a leaf is hashed, and not everything that a pickle can put here can be.
    if not all(isinstance(number, int) for number in (offset, *shape, *strides)):
        raise FormatError(f"impossible view: offset {offset}, shape {shape}, strides {strides}")
    return PickledTensor(storage, offset, shape, strides)


def _rebuild_untyped_tensor(*arguments: Any) -> UnreadTensor:
    """The seventh argument is the dtype, a global that is not on the allow-list."""
    return UnreadTensor(getattr(arguments[6], "origin", "an unknown dtype"))


def _rebuild_parameter(tensor: TensorLeaf, *_: Any) -> TensorLeaf:
    return tensor


TORCH_GLOBALS: dict[str, Any] = {
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
    "torch._utils._rebuild_tensor_v3": _rebuild_untyped_tensor,
    "torch._utils._rebuild_parameter": _rebuild_parameter,
    "torch.Size": tuple,
    **{f"torch.{name}": StorageType(name) for name in (*STORAGE_DTYPES, _BFLOAT16_STORAGE, *_UNREAD_STORAGES)},
    "torch.storage.UntypedStorage": StorageType("UntypedStorage"),
}
"""The allow-list of a `.pth`: what stands for each global that a tensor needs."""
