"""How PyTorch pickles a tensor: a view (offset, shape, strides) into a storage that lies outside of the pickle."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.restricted_pickle import TensorLeaf

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

_UNREAD_STORAGES = ("BFloat16Storage", "ComplexFloatStorage", "ComplexDoubleStorage", "UntypedStorage")


@dataclass(frozen=True)
class StorageType:
    """Stands for a storage class such as `torch.FloatStorage`."""

    name: str

    @property
    def dtype(self) -> np.dtype:
        """Little-endian, as stored. Raises FormatError for a storage class without a numpy dtype here."""
        if self.name not in STORAGE_DTYPES:
            raise FormatError(f"{self.name} is not read yet: save it as float32 (tensor.float())")
        return np.dtype(STORAGE_DTYPES[self.name]).newbyteorder("<")


@dataclass(frozen=True)
class Storage:
    """A storage of a file; `read` fetches its bytes."""

    type: StorageType
    read: Callable[[], bytes]


@dataclass(frozen=True)
class PickledTensor(TensorLeaf):
    """A view into a storage; offset and strides count elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def to_array(self) -> np.ndarray:
        dtype = self.storage.type.dtype
        return strided_copy(self.storage.read(), dtype, self.offset, self.shape, self.strides)


def strided_copy(
    data: bytes, dtype: np.dtype, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> np.ndarray:
    """The array that a view into `data` describes, contiguous and in native byte order.

    Raises FormatError if the view reaches beyond the data.
    """
    numbers = (offset, *shape, *strides)
    if len(shape) != len(strides) or not all(isinstance(number, int) and number >= 0 for number in numbers):
        raise FormatError(f"impossible view: offset {offset}, shape {shape}, strides {strides}")
    if 0 in shape:
        return np.empty(shape, dtype.newbyteorder("="))
    extent = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True)) + 1
    if extent * dtype.itemsize > len(data):
        raise FormatError(f"needs {extent * dtype.itemsize} bytes of a storage of {len(data)}")
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
    return PickledTensor(storage, offset, tuple(shape), tuple(strides))


def _rebuild_parameter(tensor: TensorLeaf, *_: Any) -> TensorLeaf:
    return tensor


TORCH_GLOBALS: dict[str, Any] = {
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
    "torch._utils._rebuild_parameter": _rebuild_parameter,
    "torch.Size": tuple,
    **{f"torch.{name}": StorageType(name) for name in (*STORAGE_DTYPES, *_UNREAD_STORAGES)},
    "torch.storage.UntypedStorage": StorageType("UntypedStorage"),
}
"""The allow-list of a `.pth`: what stands for each global that a tensor needs."""
