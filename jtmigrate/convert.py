"""Convert a checkpoint file, every tensor accounted for."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from fnmatch import fnmatchcase
from os import PathLike
from pathlib import Path

import numpy as np

from jtmigrate.checkpoint import Checkpoint, container_for, keeps_ties, read_checkpoint, write_checkpoint
from jtmigrate.checkpoint.bfloat16 import BFLOAT16, NUMPY_FORM
from jtmigrate.checkpoint.model import tied_names
from jtmigrate.errors import UserError
from jtmigrate.naming.cast import lossless_cast
from jtmigrate.naming.name_map import NameMap
from jtmigrate.naming.prefixes import unwrap
from jtmigrate.naming.schema import Schema
from jtmigrate.naming.validate import check_schema


class Fate(str, Enum):
    """What became of a tensor."""

    COPIED = "copied"
    CAST = "cast"
    INITIALISED = "initialised"
    LEFT_OUT = "left out"


@dataclass(frozen=True)
class TensorFate:
    """One tensor of the source, the destination or both.

    name    in the destination; for a tensor that is left out, in the source
    source  in the source; "" for a tensor that the source lacks
    shape, dtype, nbytes   as written; for a tensor that is left out, as found
    """

    name: str
    source: str
    fate: Fate
    reason: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int


@dataclass(frozen=True)
class ConversionReport:
    """What a conversion did. True in a boolean context when the destination was written and read back unchanged.

    source_container, container   formats of the two files
    tensors      those written in the order of the destination, then those left out
    left_behind  entries of the source that are no tensors of the model: "epoch", "optimizer_states", ...
    notes        what a reader should know beyond the fates, one sentence each
    checked      names, shapes and dtypes were checked against a schema
    written      False after a dry run
    """

    src: str
    dst: str
    source_container: str
    container: str
    tensors: tuple[TensorFate, ...]
    left_behind: tuple[str, ...]
    notes: tuple[str, ...]
    checked: bool
    written: bool

    def __bool__(self) -> bool:
        return self.written

    @property
    def counts(self) -> dict[Fate, int]:
        """Number of tensors per fate, every fate present."""
        return {**dict.fromkeys(Fate, 0), **Counter(tensor.fate for tensor in self.tensors)}


def convert(
    src: str | PathLike[str] | Checkpoint,
    dst: str | PathLike[str],
    *,
    schema: Schema | None = None,
    ignore: Collection[str] = (),
    ema: bool = False,
    fill: Mapping[str, np.ndarray] | None = None,
    dry_run: bool = False,
) -> ConversionReport:
    """Convert a checkpoint into the format that the suffix of `dst` names.

    The suffixes are .pth, .pt, .ckpt, .pkl, .safetensors and .npz. Tied weights stay tied where the format allows it.

    src      a file, or a checkpoint that has been read already
    schema   what the target model expects; without it, the tensors keep their own, unwrapped names unchecked
    ignore   patterns ("aux_*") of names that the file may hold beyond the schema; they are left out
    ema      take the averaged copy of the weights
    fill     values for names of the schema that the file lacks
    dry_run  check and report, but write nothing

    Raises UserError, with nothing written, if a file cannot be read or written, or if a name is missing or
    unexpected, a shape differs, or a dtype differs and a cast would change a value.
    """
    container = container_for(dst)
    checkpoint = src if isinstance(src, Checkpoint) else read_checkpoint(src)
    _refuse_overwriting(checkpoint.path, dst)
    name_map = _without_ignored(_unwrap(checkpoint, ema, schema), ignore, schema)
    found = name_map.apply(checkpoint.tensors)
    filled = {name: array for name, array in (fill or {}).items() if name in (schema or ()) and name not in found}
    tensors = found if schema is None else _fit({**found, **filled}, schema, checkpoint.path)
    if not dry_run:
        write_checkpoint(dst, Checkpoint(tensors))
    return ConversionReport(
        src=checkpoint.path,
        dst=str(dst),
        source_container=checkpoint.container,
        container=container,
        tensors=_fates(tensors, checkpoint, name_map),
        left_behind=checkpoint.left_behind,
        notes=_notes(checkpoint, schema, () if keeps_ties(dst) else tied_names(tensors), container),
        checked=schema is not None,
        written=not dry_run,
    )


def _refuse_overwriting(src: str, dst: str | PathLike[str]) -> None:
    """The source may hold more than the model, such as the state of an optimizer."""
    if src and Path(src).resolve() == Path(dst).resolve():
        raise UserError(f"{dst}: is the source too: give the result another name")


def _unwrap(checkpoint: Checkpoint, ema: bool, schema: Schema | None) -> NameMap:
    try:
        return unwrap(checkpoint.tensors, ema=ema, target=schema or ())
    except UserError as error:
        raise UserError(f"{checkpoint.path}: {error}") from error


def _without_ignored(name_map: NameMap, ignore: Collection[str], schema: Schema | None) -> NameMap:
    """The map without the names beyond the schema that match one of the patterns."""
    ignored = {
        name: source
        for name, source in name_map.pairs.items()
        if name not in (schema or ()) and any(fnmatchcase(name, pattern) for pattern in ignore)
    }
    pairs = {name: source for name, source in name_map.pairs.items() if name not in ignored}
    return NameMap(pairs, {**name_map.unused, **{source.name: "not used by the target" for source in ignored.values()}})


def _fit(tensors: Mapping[str, np.ndarray], schema: Schema, path: str) -> dict[str, np.ndarray]:
    """The tensors in the order and the dtypes of the schema. Raises UserError for any other difference."""
    check = check_schema(tensors, schema)
    cast = {name: lossless_cast(tensors[name], expected) for name, _, expected in check.dtypes}
    check = replace(check, dtypes=tuple(difference for difference in check.dtypes if cast[difference.name] is None))
    if not check:
        raise UserError(
            f"{path}: {len(tensors)} tensors do not fit the {len(schema)} of the target: {check.summary()}; "
            "give the target that this file was made for"
        )
    # Tied names share an array, and go on sharing it: what they were cast to is equal if its dtype is.
    casts = {(id(tensors[name]), array.dtype): array for name, array in cast.items()}
    return {name: casts.get((id(tensors[name]), np.dtype(schema[name].dtype)), tensors[name]) for name in schema}


def _fates(written: Mapping[str, np.ndarray], source: Checkpoint, name_map: NameMap) -> tuple[TensorFate, ...]:
    """The fate of every tensor written, then of every tensor left out."""
    fates = [_written_fate(name, array, source, name_map) for name, array in written.items()]
    unused = name_map.unused.items()
    left_out = [_fate(name, name, Fate.LEFT_OUT, reason, source.tensors[name]) for name, reason in unused]
    return (*fates, *left_out)


def _written_fate(name: str, array: np.ndarray, source: Checkpoint, name_map: NameMap) -> TensorFate:
    if name not in name_map.pairs:
        return _fate(name, "", Fate.INITIALISED, "not in the file", array)
    source_name, reason = name_map.pairs[name]
    dtype = source.stored.get(source_name, source.tensors[source_name].dtype.name)
    if dtype != array.dtype.name:
        return _fate(name, source_name, Fate.CAST, f"{reason}, {dtype} to {array.dtype.name}", array)
    return _fate(name, source_name, Fate.COPIED, reason, array)


def _fate(name: str, source: str, fate: Fate, reason: str, array: np.ndarray) -> TensorFate:
    return TensorFate(name, source, fate, reason, array.shape, array.dtype.name, array.nbytes)


def _notes(
    checkpoint: Checkpoint, schema: Schema | None, untied: Collection[tuple[str, ...]], container: str
) -> tuple[str, ...]:
    notes = []
    if schema is None:
        notes.append("Names, shapes and dtypes were not checked against a model: no target was given.")
    if checkpoint.stored:
        number = len(checkpoint.stored)
        notes.append(
            f"{number} of the file's tensors {'is' if number == 1 else 'are'} {BFLOAT16}, read as {NUMPY_FORM}, "
            "which holds the same values."
        )
    if untied:
        groups = "; ".join(" = ".join(group) for group in untied)
        notes.append(f"Tied weights became copies, as {container} has no ties: {groups}.")
    if checkpoint.left_behind:
        notes.append(f"The file's other entries are left behind: {', '.join(checkpoint.left_behind)}.")
    return tuple(notes)
