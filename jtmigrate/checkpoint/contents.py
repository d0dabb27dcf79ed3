"""`Contents`: what a format reader finds in an open file, the bytes of its tensors not fetched yet."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np

from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.model import Checkpoint


class TensorLeaf(ABC):
    """A tensor in a file. Two leaves are equal if they are one tensor under two names (tied weights).

    shared_storage  equal for views of one storage; None for a tensor whose storage nothing else can share
    stored          dtype in the file if numpy lacks it ("bfloat16"), else ""
    """

    shared_storage: Hashable = None
    stored: str = ""

    @abstractmethod
    def to_array(self) -> np.ndarray:
        """A contiguous copy that owns its memory. Raises FormatError if the bytes do not fit the description."""


@dataclass(frozen=True, eq=False)
class Contents:
    """Valid as long as the file is open.

    leaves       name -> tensor, in the order of the file
    container, wrapper, left_behind   as in `Checkpoint`
    opaque       globals that its pickle names and the allow-list does not; they were neither imported nor called
    """

    leaves: Mapping[str, TensorLeaf]
    container: str
    wrapper: str = ""
    left_behind: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()

    def array(self, name: str) -> np.ndarray:
        """A copy of one tensor. Raises FormatError, which names it, if it cannot be read."""
        try:
            return self.leaves[name].to_array()
        except FormatError as error:
            raise FormatError(f"tensor {name!r}: {error}") from error

    def load(self, path: str) -> Checkpoint:
        """All tensors in memory, tied names with one array between them. Raises FormatError like `array`."""
        first: dict[TensorLeaf, str] = {}
        arrays: dict[str, np.ndarray] = {}
        for name, leaf in self.leaves.items():
            original = first.setdefault(leaf, name)
            arrays[name] = self.array(name) if original == name else arrays[original]
        stored = {name: leaf.stored for name, leaf in self.leaves.items() if leaf.stored}
        return Checkpoint(arrays, self.container, self.wrapper, self.left_behind, stored, path)
