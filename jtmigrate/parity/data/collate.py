"""Entries of a data set as tensors, and several as one."""

from collections.abc import Mapping, Sequence
from typing import Any

import jittor as jt
import numpy as np

from jtmigrate.parity.ops.creation import from_numpy, tensor
from jtmigrate.parity.ops.shape import stack


def default_collate(batch: Sequence[Any]) -> Any:
    """Entries of a data set as one: tensors, arrays and numbers stacked; mappings and sequences entry by entry.

    Python's floats become float64, as in PyTorch, and its ints int32. Raises RuntimeError for sequences of different
    lengths, TypeError for what cannot be stacked.
    """
    first = batch[0]
    if isinstance(first, jt.Var):
        return stack(batch)
    if isinstance(first, np.ndarray | np.generic):
        return from_numpy(np.stack(batch))
    if isinstance(first, float):
        return from_numpy(np.asarray(batch, np.float64))
    if isinstance(first, int):
        return tensor(list(batch))
    if isinstance(first, str | bytes):
        return list(batch)
    if isinstance(first, Mapping):
        return {key: default_collate([entry[key] for entry in batch]) for key in first}
    if isinstance(first, Sequence):
        if len({len(entry) for entry in batch}) > 1:
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = [default_collate(column) for column in zip(*batch, strict=True)]
        return type(first)(*columns) if hasattr(first, "_fields") else columns
    raise TypeError(
        f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {type(first)}"
    )


def default_convert(data: Any) -> Any:
    """One entry with its arrays as tensors."""
    if isinstance(data, np.ndarray | np.generic):
        return from_numpy(np.asarray(data))
    if isinstance(data, Mapping):
        return {key: default_convert(value) for key, value in data.items()}
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(default_convert, data))
    if isinstance(data, list | tuple):
        return [default_convert(value) for value in data]
    return data
