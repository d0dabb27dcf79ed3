"""`Checkpoint`: the tensors of one file under the file's own names, whatever its format."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
"""Numpy names of the dtypes that every format here can hold."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The model's part of one file.

    tensors      name -> array, in the order of the file; tied names hold one and the same array object
    container    what the file is: "PyTorch zip", "PyTorch legacy", "safetensors", "npz", "Jittor pickle"
    wrapper      top-level key that held the tensors, such as "state_dict"; "" if they stood at the top
    left_behind  entries of the file that are no tensors of the model: "epoch", "optimizer_states", ...
    stored       name -> dtype in the file, for the tensors whose dtype numpy lacks ("bfloat16")
    path         file that it was read from, for messages; "" if it was made in memory
    """

    tensors: Mapping[str, np.ndarray]
    container: str = ""
    wrapper: str = ""
    left_behind: tuple[str, ...] = ()
    stored: Mapping[str, str] = field(default_factory=dict)
    path: str = ""


def tied_names(tensors: Mapping[str, np.ndarray]) -> tuple[tuple[str, ...], ...]:
    """The groups of names that hold one and the same array object."""
    groups: dict[int, list[str]] = defaultdict(list)
    for name, array in tensors.items():
        groups[id(array)].append(name)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)
