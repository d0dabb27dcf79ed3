"""Look into a checkpoint file, one tensor at a time, without executing anything in it."""

from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from os import PathLike

import numpy as np

from jtmigrate.checkpoint import open_checkpoint
from jtmigrate.checkpoint.bfloat16 import BFLOAT16, BITS, NUMPY_FORM
from jtmigrate.checkpoint.contents import Contents
from jtmigrate.naming.schema import Schema, TensorSpec


@dataclass(frozen=True)
class Statistics:
    """Of the finite values of a tensor; None where there are none.

    minimum, maximum   exact, an int for integers and bool
    mean               summed in float64
    nans, infs         number of the other values
    """

    minimum: float | None
    maximum: float | None
    mean: float | None
    nans: int
    infs: int


@dataclass(frozen=True)
class TensorInfo:
    """One tensor of a file.

    dtype    as in the file: a numpy name, or "bfloat16"
    nbytes   of its elements in the file's dtype
    tied     all names of this tensor, if there are several
    sharing  all tensors that are views of its storage, if there are several, by their first names
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    statistics: Statistics
    tied: tuple[str, ...] = ()
    sharing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inspection:
    """What a file holds. `container`, `wrapper`, `left_behind` as in `Checkpoint`, `opaque` as in `Contents`."""

    path: str
    container: str
    wrapper: str
    tensors: tuple[TensorInfo, ...]
    left_behind: tuple[str, ...]
    opaque: tuple[str, ...]

    @property
    def nbytes(self) -> int:
        """Size of all tensors, tied ones counted once."""
        return sum(tensor.nbytes for tensor in self.tensors if tensor.name == (tensor.tied or (tensor.name,))[0])

    @property
    def schema(self) -> Schema:
        """Names, shapes and dtypes as `convert` reads them: bfloat16 is float32 there."""
        return {
            tensor.name: TensorSpec(tensor.shape, NUMPY_FORM if tensor.dtype == BFLOAT16 else tensor.dtype)
            for tensor in self.tensors
        }


def inspect(path: str | PathLike[str]) -> Inspection:
    """Look into a file. Every tensor is read, but only one of them is held in memory at a time.

    Raises UserError if the file cannot be read, is damaged, or is no checkpoint.
    """
    with open_checkpoint(path) as contents:
        tied = _groups(contents.leaves)
        sharing = _groups({names[0]: leaf.shared_storage for leaf, names in tied.items()})
        measured = {leaf: _measure(names[0], contents, sharing) for leaf, names in tied.items()}
        tensors = tuple(
            replace(measured[leaf], name=name, tied=tied[leaf] if len(tied[leaf]) > 1 else ())
            for name, leaf in contents.leaves.items()
        )
        return Inspection(
            str(path), contents.container, contents.wrapper, tensors, contents.left_behind, contents.opaque
        )


def statistics(array: np.ndarray) -> Statistics:
    """Statistics of an array of numbers or bool."""
    finite, nans = array, 0
    if array.dtype.kind == "f":
        mask = np.isfinite(array)
        if not mask.all():
            finite = array[mask]
            nans = int(np.isnan(array).sum())
    infs = array.size - finite.size - nans
    if not finite.size:
        return Statistics(None, None, None, nans, infs)
    with np.errstate(over="ignore"):
        mean = float(finite.mean(dtype=np.float64))
    as_number = float if array.dtype.kind == "f" else int
    return Statistics(as_number(finite.min()), as_number(finite.max()), mean, nans, infs)


def _measure(name: str, contents: Contents, sharing: Mapping[Hashable, tuple[str, ...]]) -> TensorInfo:
    array, leaf = contents.array(name), contents.leaves[name]
    views = sharing.get(leaf.shared_storage, ())
    itemsize = BITS.itemsize if leaf.stored == BFLOAT16 else array.itemsize
    return TensorInfo(
        name=name,
        shape=array.shape,
        dtype=leaf.stored or array.dtype.name,
        nbytes=array.size * itemsize,
        statistics=statistics(array),
        sharing=views if len(views) > 1 else (),
    )


def _groups(keys: Mapping[str, Hashable]) -> dict[Hashable, tuple[str, ...]]:
    """The names of each key, in order, but for the key None."""
    groups: dict[Hashable, list[str]] = defaultdict(list)
    for name, key in keys.items():
        if key is not None:
            groups[key].append(name)
    return {key: tuple(names) for key, names in groups.items()}
