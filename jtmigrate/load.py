"""Load a checkpoint into a live model, PyTorch or Jittor, with every difference reported.

Jittor's own `Module.load` goes through the names of the file: a parameter that the file lacks keeps its initial value
without a word, and a wrong shape is a line in the log.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from jtmigrate.checkpoint import Checkpoint, read_checkpoint
from jtmigrate.errors import UserError
from jtmigrate.frameworks.inventory import inventory
from jtmigrate.naming.fit import fit
from jtmigrate.naming.name_map import NameMap
from jtmigrate.naming.prefixes import unwrap
from jtmigrate.naming.validate import Difference, SchemaCheck

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class LoadResult:
    """What became of a checkpoint and a model. True in a boolean context when nothing differs.

    parameters, buffers  names of the model that were set
    name_map             under which name each stood in the file, and why
    check                what is missing, unexpected, of other shape, or of a dtype whose values the model's cannot hold
    missing_buffers      those of `check.missing` that are buffers: the model runs with its own, but not as trained
    notes                what a reader should know beyond that, one sentence each
    """

    parameters: tuple[str, ...]
    buffers: tuple[str, ...]
    name_map: NameMap
    check: SchemaCheck
    missing_buffers: tuple[str, ...]
    notes: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.check)

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the model that the checkpoint lacks."""
        return self.check.missing

    @property
    def unexpected(self) -> tuple[str, ...]:
        """Names of the checkpoint that the model lacks."""
        return self.check.unexpected

    @property
    def shapes(self) -> tuple[Difference, ...]:
        """Tensors of another shape than the model's."""
        return self.check.shapes

    @property
    def dtypes(self) -> tuple[Difference, ...]:
        """Tensors with values that the model's dtype cannot hold."""
        return self.check.dtypes


def load(
    model: Any,
    source: str | PathLike[str] | Checkpoint | Arrays,
    *,
    strict: bool = True,
    name_map: NameMap | None = None,
) -> LoadResult:
    """Set the parameters and buffers of a model from a checkpoint, each in the model's own dtype.

    source    a file, a `Checkpoint`, or arrays by name
    strict    raise unless everything fits; without, what fits is set and the rest reported
    name_map  under which name each stands in the checkpoint; by default the same, wrappers such as "module." removed

    A cast that changes a value is a difference, and such a tensor is not set. () and (1,) are the same shape, and the
    counters of batches, which Jittor does not have, may be missing or left over. Of tied names one is enough.
    Raises UserError, with nothing set, if the file cannot be read, names of one tied tensor hold different values, or
    (with `strict`) anything differs.
    """
    checkpoint = _checkpoint(source)
    held = inventory(model)
    own = held.adapter.state(model)
    name_map = name_map or unwrap(checkpoint.tensors, target=own)
    tensors = name_map.apply(checkpoint.tensors)
    found = fit(_with_ties(tensors, held.ties, checkpoint.path), own)
    if strict and not found.check:
        where = f"{checkpoint.path}: " if checkpoint.path else ""
        raise UserError(
            f"{where}does not fit the {held.adapter.name} model: {found.check.summary()}; "
            "give the checkpoint of this model or a name map, or load what fits (strict=False)"
        )
    held.adapter.assign(model, found.values)
    return LoadResult(
        parameters=tuple(name for name in found.values if name not in held.buffers),
        buffers=tuple(name for name in found.values if name in held.buffers),
        name_map=name_map,
        check=found.check,
        missing_buffers=tuple(name for name in found.check.missing if name in held.buffers),
        notes=_notes(name_map, tensors, found.values, held.ties),
    )


def _checkpoint(source: str | PathLike[str] | Checkpoint | Arrays) -> Checkpoint:
    if isinstance(source, Checkpoint):
        return source
    return Checkpoint(source) if isinstance(source, Mapping) else read_checkpoint(source)


def _with_ties(tensors: Arrays, ties: tuple[tuple[str, ...], ...], path: str) -> dict[str, np.ndarray]:
    """The tensors, with what is given under one of several tied names under all of them."""
    tied = dict(tensors)
    for names in ties:
        given = [name for name in names if name in tensors]
        for name in given[1:]:
            if not np.array_equal(tensors[name], tensors[given[0]], equal_nan=tensors[name].dtype.kind == "f"):
                where = f"{path}: " if path else ""
                raise UserError(f"{where}{given[0]} and {name} differ, but are one tensor in the model")
        if given:
            tied.update(dict.fromkeys(names, tensors[given[0]]))
    return tied


def _notes(name_map: NameMap, tensors: Arrays, set_: Arrays, ties: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    reasons = Counter(source.reason for source in name_map.pairs.values() if source.reason != "same name")
    casts = Counter(
        (tensors[name].dtype.name, array.dtype.name)
        for name, array in set_.items()
        if name in tensors and tensors[name].dtype != array.dtype
    )
    return (
        *(f"{number} names: {reason}." for reason, number in reasons.items()),
        *(f"{name} is not used: {why}." for name, why in name_map.unused.items()),
        *(f"{number} tensors went from {old} to {new} without loss." for (old, new), number in casts.items()),
        *(
            f"{name} is one tensor with {' and '.join(other for other in names if other != name)}."
            for names in ties
            for name in names
            if name not in tensors and any(other in tensors for other in names)
        ),
    )
