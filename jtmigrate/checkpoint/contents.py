"""`Contents`: what a format reader finds in an open file, the bytes of its tensors not fetched yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.model import Checkpoint
from jtmigrate.checkpoint.tensors import TensorLeaf


@dataclass(frozen=True, eq=False)
class Contents:
    """Valid as long as the file is open.

    leaves       name -> tensor, in the order of the file
    container, wrapper, left_behind, path   as in `Checkpoint`
    opaque       globals that its pickle names and the allow-list does not; they were neither imported nor called
    files        the files that it lies in, of a reader those that lie beside the one it reads; none if it is in memory
    tree         all that was unpickled, tensors as `PickledLeaf`; None in a format that holds tensors only
    """

    leaves: Mapping[str, TensorLeaf]
    container: str
    wrapper: str = ""
    left_behind: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()
    path: str = ""
    files: tuple[Path, ...] = ()
    tree: Any = None

    def array(self, name: str) -> np.ndarray:
        """A copy of one tensor. Raises FormatError, which names it, if it cannot be read."""
        try:
            return self.leaves[name].to_array()
        except FormatError as error:
            raise FormatError(f"tensor {name!r}: {error}") from error

    @property
    def stored(self) -> dict[str, str]:
        """As in `Checkpoint`."""
        return {name: leaf.stored for name, leaf in self.leaves.items() if leaf.stored}

    def load(self) -> Checkpoint:
        """All tensors in memory, tied names with one array between them. Raises FormatError like `array`."""
        first: dict[TensorLeaf, str] = {}
        arrays: dict[str, np.ndarray] = {}
        for name, leaf in self.leaves.items():
            original = first.setdefault(leaf, name)
            arrays[name] = self.array(name) if original == name else arrays[original]
        return Checkpoint(arrays, self.container, self.wrapper, self.left_behind, self.stored, self.path)
