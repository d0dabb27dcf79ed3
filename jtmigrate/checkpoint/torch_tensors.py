"""How PyTorch pickles a tensor: a view (offset, shape, strides) into a storage that lies outside of the pickle."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jtmigrate.checkpoint.byte_ranges import ByteRange
from jtmigrate.checkpoint.elements import NARROW, Element, element_of
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.numpy_arrays import NUMPY_GLOBALS, check_shape
from jtmigrate.checkpoint.tensors import EXPANDED_LIMIT, PickledLeaf, StoredTensor

STORAGES = {
    "bool": "BoolStorage",
    "uint8": "ByteStorage",
    "int8": "CharStorage",
    "int16": "ShortStorage",
    "int32": "IntStorage",
    "int64": "LongStorage",
    "float16": "HalfStorage",
    "float32": "FloatStorage",
    "float64": "DoubleStorage",
    "complex64": "ComplexFloatStorage",
    "complex128": "ComplexDoubleStorage",
    "bfloat16": "BFloat16Storage",
}
"""dtype -> the storage class that PyTorch has for it."""

WITHOUT_STORAGE = ("uint16", "uint32", "uint64", *(name for name in NARROW if name not in STORAGES))
"""dtypes that PyTorch pickles beside an untyped storage."""


@dataclass(frozen=True)
class StorageType:
    """Stands for a storage class such as `torch.FloatStorage`; `dtype` is "" for the untyped one."""

    dtype: str

    @property
    def element(self) -> Element:
        """What the storage is counted in."""
        return element_of(self.dtype or "uint8")


@dataclass(frozen=True)
class TensorType:
    """Stands for a dtype such as `torch.uint16`."""

    dtype: str


@dataclass(frozen=True, slots=True)
class Storage:
    """A storage of a file; `fetch(key)` finds its bytes. Within a file, the key tells it from the others."""

    type: StorageType
    key: str
    fetch: Callable[[str], ByteRange] = field(compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class PickledTensor(PickledLeaf):
    """A view into a storage, exactly as the pickle has it; offset and strides count elements."""

    storage: Any
    dtype: str
    offset: Any
    shape: Any
    strides: Any
    metadata: Any

    def leaf(self) -> StoredTensor:
        if not isinstance(self.storage, Storage):
            raise FormatError("a tensor without a storage")
        if isinstance(self.metadata, dict) and any(self.metadata.get(bit) for bit in ("conj", "neg")):
            raise FormatError("is a view that conjugates or negates: save tensor.resolve_conj().resolve_neg()")
        if not (isinstance(self.shape, tuple | list) and isinstance(self.strides, tuple | list)):
            raise FormatError("a tensor without a shape")
        data = self.storage.fetch(self.storage.key)
        return stored_view(data, element_of(self.dtype), self.offset, tuple(self.shape), tuple(self.strides))


@dataclass(frozen=True, slots=True)
class UnreadTensor(PickledLeaf):
    """A tensor of a dtype that is not read."""

    dtype: str

    def leaf(self) -> StoredTensor:
        raise FormatError(f"is of PyTorch's dtype {self.dtype}, which is not read: save it as float32")


def stored_view(
    data: ByteRange, element: Element, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> StoredTensor:
    """The tensor that a view into `data` describes. Raises FormatError if it reaches beyond the data."""
    check_shape(shape)
    if len(shape) != len(strides) or not all(type(number) is int and number >= 0 for number in (offset, *strides)):
        raise FormatError(f"impossible view of shape {shape}: its offset and strides are none")
    tensor = StoredTensor(data, element, offset, shape, strides)
    if 0 in shape:
        return StoredTensor(data, element, 0, shape, strides)
    width = element.bits.itemsize
    if tensor.extent[1] > data.length:
        raise FormatError(f"needs {tensor.extent[1]} bytes of a storage of {data.length}")
    if math.prod(shape) * width > max(data.length, EXPANDED_LIMIT):
        raise FormatError(f"shape {shape} repeats a storage of {data.length} bytes beyond {EXPANDED_LIMIT}")
    return tensor


def _rebuild_tensor(
    storage: Any, offset: Any, shape: Any, strides: Any, _grad: Any = None, _hooks: Any = None, metadata: Any = None
) -> PickledLeaf:
    dtype = storage.type.dtype if isinstance(storage, Storage) else ""
    return PickledTensor(storage, dtype, offset, shape, strides, metadata)


def _rebuild_untyped_tensor(
    storage: Any, offset: Any, shape: Any, strides: Any, _grad: Any, _hooks: Any, dtype: Any, metadata: Any = None
) -> PickledLeaf:
    if not isinstance(dtype, TensorType):
        return UnreadTensor(str(dtype)[:40])
    return PickledTensor(storage, dtype.dtype, offset, shape, strides, metadata)


def _rebuild_parameter(tensor: Any, *_: Any) -> Any:
    return tensor


def _size(sizes: Any = ()) -> tuple[Any, ...]:
    return tuple(sizes)


TORCH_GLOBALS: dict[str, Any] = {
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor,
    "torch._utils._rebuild_tensor_v3": _rebuild_untyped_tensor,
    "torch._utils._rebuild_parameter": _rebuild_parameter,
    "torch._utils._rebuild_parameter_with_state": _rebuild_parameter,
    "torch.Size": _size,
    **{f"torch.{storage}": StorageType(dtype) for dtype, storage in STORAGES.items()},
    "torch.storage.UntypedStorage": StorageType(""),
    "torch.UntypedStorage": StorageType(""),
    **{f"torch.{dtype}": TensorType(dtype) for dtype in (*STORAGES, *WITHOUT_STORAGE)},
    **NUMPY_GLOBALS,
}
"""The allow-list of a `.pth`: what stands for each global that a tensor needs."""
