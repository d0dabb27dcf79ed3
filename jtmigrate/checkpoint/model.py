"""`Checkpoint`: the tensors of one file under the file's own names, whatever its format."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

COMPLEX = ("complex64", "complex128")

DTYPES = (
    *("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"),
    *("uint16", "uint32", "uint64"),
    *COMPLEX,
)
"""Numpy names of the dtypes that are read. Every format here holds them all, but for the complex ones."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The model's part of one file.

    tensors      name -> array, in the order of the file; tied names hold one and the same array object
    container    what the file is: "PyTorch zip", "PyTorch legacy", "safetensors", "npz", "Jittor pickle", "ONNX"
    wrapper      top-level key that held the tensors, such as "state_dict"; "" if they stood at the top
    left_behind  entries of the file that are no tensors of the model: "epoch", "optimizer_states", ...
    stored       name -> dtype in the file, for the tensors whose dtype numpy lacks ("bfloat16", "float8_e4m3fn")
    path         file that it was read from, for messages; "" if it was made in memory
    """

    tensors: Mapping[str, np.ndarray]
    container: str = ""
    wrapper: str = ""
    left_behind: tuple[str, ...] = ()
    stored: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
