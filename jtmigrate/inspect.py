"""Look into a checkpoint file, one tensor at a time, without executing anything in it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from os import PathLike

import numpy as np

from jtmigrate.checkpoint import open_checkpoint
from jtmigrate.checkpoint.dangerous import is_dangerous
from jtmigrate.checkpoint.elements import NARROW, WIDE
from jtmigrate.checkpoint.sharing import group_names, overlapping_names
from jtmigrate.checkpoint.tensors import TensorLeaf, named_pieces
from jtmigrate.naming.schema import Schema, TensorSpec


@dataclass(frozen=True)
class Statistics:
    """Of the finite values of a tensor; None where there are none.

    minimum, maximum   exact, an int for integers and bool; None for complex numbers, which have no order
    mean               summed in float64; None for complex numbers
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

    dtype        as in the file: a numpy name, or a float that numpy lacks, such as "bfloat16"
    nbytes       of its elements in the file's dtype
    tied         all names of this tensor, if there are several
    sharing      all tensors that are views of its storage, if there are several, by their first names
    overlapping  those of them that have elements in common, if there are several
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    statistics: Statistics
    tied: tuple[str, ...] = ()
    sharing: tuple[str, ...] = ()
    overlapping: tuple[str, ...] = ()


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
    def dangerous(self) -> tuple[str, ...]:
        """Those of `opaque` that can run programs or code, or change files, once an ordinary loader calls them."""
        return tuple(filter(is_dangerous, self.opaque))

    @property
    def schema(self) -> Schema:
        """Names, shapes and dtypes as `convert` reads them: bfloat16 is float32 there."""
        return {
            tensor.name: TensorSpec(tensor.shape, WIDE if tensor.dtype in NARROW else tensor.dtype)
            for tensor in self.tensors
        }


def inspect(path: str | PathLike[str], *, trust: Collection[str] = ()) -> Inspection:
    """Look into a file. Every tensor is read, but only a piece of one is held in memory at a time.

    trust  classes and functions that the pickle in the file may call: this runs their code

    Raises UserError if the file cannot be read, is damaged, or is no checkpoint.
    """
    with open_checkpoint(path, trust=trust) as contents:
        tied = group_names(contents.leaves.items())
        sharing = group_names((names[0], leaf.shared_storage) for leaf, names in tied.items())
        views = {name: names for names in sharing.values() if len(names) > 1 for name in names}
        common = {name: names for names in overlapping_names(contents.leaves) for name in names}
        measured = {leaf: _measure(names[0], leaf, views, common) for leaf, names in tied.items()}
        tensors = tuple(
            replace(measured[leaf], name=name, tied=tied[leaf] if len(tied[leaf]) > 1 else ())
            for name, leaf in contents.leaves.items()
        )
        return Inspection(
            str(path), contents.container, contents.wrapper, tensors, contents.left_behind, contents.opaque
        )


def statistics(pieces: Iterable[np.ndarray]) -> Statistics:
    """Statistics of the numbers or bools in some arrays of one dtype, taken together."""
    minima, maxima, total, count, nans, infs = [], [], 0.0, 0, 0, 0
    for piece in pieces:
        finite = piece[np.isfinite(piece)] if piece.dtype.kind in "fc" else piece
        missing = int(np.isnan(piece).sum()) if finite.size < piece.size else 0
        nans += missing
        infs += piece.size - finite.size - missing
        if finite.size and piece.dtype.kind != "c":
            as_number = float if piece.dtype.kind == "f" else int
            minima.append(as_number(finite.min()))
            maxima.append(as_number(finite.max()))
            with np.errstate(over="ignore"):
                total += float(finite.sum(dtype=np.float64))
            count += finite.size
    if not count:
        return Statistics(None, None, None, nans, infs)
    return Statistics(min(minima), max(maxima), total / count, nans, infs)


def _measure(
    name: str, leaf: TensorLeaf, views: Mapping[str, tuple[str, ...]], common: Mapping[str, tuple[str, ...]]
) -> TensorInfo:
    itemsize = NARROW[leaf.stored].bits.itemsize if leaf.stored else leaf.dtype.itemsize
    return TensorInfo(
        name=name,
        shape=leaf.shape,
        dtype=leaf.stored or leaf.dtype.name,
        nbytes=leaf.size * itemsize,
        statistics=statistics(named_pieces(name, leaf)),
        sharing=views.get(name, ()),
        overlapping=common.get(name, ()),
    )
