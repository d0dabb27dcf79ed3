"""What a model expects of a checkpoint: names, shapes and dtypes, without a framework."""

from collections.abc import Mapping
from typing import NamedTuple


class TensorSpec(NamedTuple):
    """One expected tensor. `dtype` is a numpy dtype name such as "float32"."""

    shape: tuple[int, ...]
    dtype: str


Schema = Mapping[str, TensorSpec]
"""Name -> spec, in the order of the model's state dict."""
