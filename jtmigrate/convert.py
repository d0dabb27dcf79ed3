"""Convert a checkpoint file, every tensor accounted for and only a piece of one held in memory."""

import hashlib
import json
import platform
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from fnmatch import fnmatchcase
from itertools import chain
from os import PathLike
from pathlib import Path

import numpy as np

from jtmigrate import __version__
from jtmigrate.allowances import jittor_lacks
from jtmigrate.checkpoint import Checkpoint, container_for, keeps_ties, open_checkpoint
from jtmigrate.checkpoint.contents import Contents
from jtmigrate.checkpoint.elements import WIDE
from jtmigrate.checkpoint.sharing import overlapping_names, tied_names
from jtmigrate.checkpoint.tensors import ArrayTensor, CastTensor, ReshapedTensor, TensorLeaf
from jtmigrate.checkpoint.writing import check_leaves, write_leaves
from jtmigrate.errors import UserError
from jtmigrate.files import sha256_of
from jtmigrate.naming.cast import lossless_cast
from jtmigrate.naming.made_tensor import made_leaves
from jtmigrate.naming.name_map import NameMap
from jtmigrate.naming.prefixes import unwrap
from jtmigrate.naming.rules import apply_rules
from jtmigrate.naming.rules.rule import Rule
from jtmigrate.naming.schema import Schema, TensorSpec
from jtmigrate.naming.validate import check_schema
from jtmigrate.naming.values import holds_cast


class Fate(str, Enum):
    """What became of a tensor."""

    COPIED = "copied"
    CAST = "cast"
    REARRANGED = "rearranged"
    INITIALISED = "initialised"
    LEFT_OUT = "left out"


@dataclass(frozen=True)
class TensorFate:
    """One tensor of the source, the destination or both.

    name    in the destination; for a tensor that is left out, in the source
    source  in the source, "a + b" if it is made of several; "" for a tensor that the source lacks
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
class Hashes:
    """SHA-256 of what went in and what came out, as hexadecimal digits.

    source       path -> hash of each file of the source; none if it was in memory
    destination  "" if nothing was written
    map          of the pairs of names, [[name, source], ...] as JSON without spaces; a third item says what is done
    """

    source: Mapping[str, str]
    destination: str
    map: str


@dataclass(frozen=True)
class ConversionReport:
    """What a conversion did. True in a boolean context when the destination was written.

    source_container, container   formats of the two files
    tensors      those written in the order of the destination, then those left out
    left_behind  entries of the source that are no tensors of the model: "epoch", "optimizer_states", ...
    notes        what a reader should know beyond the fates, one sentence each
    checked      names, shapes and dtypes were checked against a schema
    written      False after a dry run
    proved       what was written was read back, and is equal bit for bit
    hashes       None without proof
    versions     of the programs that had a part in it
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
    proved: bool = False
    hashes: Hashes | None = None
    versions: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.written

    @property
    def counts(self) -> dict[Fate, int]:
        """Number of tensors per fate, every fate present."""
        return {**dict.fromkeys(Fate, 0), **Counter(tensor.fate for tensor in self.tensors)}


def convert(
    src: str | PathLike[str] | Checkpoint | Contents,
    dst: str | PathLike[str],
    *,
    schema: Schema | None = None,
    ignore: Collection[str] = (),
    ema: bool = False,
    rules: Sequence[Rule] = (),
    fill: Mapping[str, np.ndarray] | None = None,
    trust: Collection[str] = (),
    dry_run: bool = False,
    prove: bool = True,
) -> ConversionReport:
    """Convert a checkpoint into the format that the suffix of `dst` names.

    The suffixes are .pth, .pt, .ckpt, .pkl, .safetensors and .npz. Tied weights stay tied where the format allows it.

    src      a file, the contents of an open one, or a checkpoint in memory
    schema   what the target model expects; without it, the tensors keep their own, unwrapped names unchecked
    ignore   patterns ("aux_*") of names that the file may hold beyond the schema; they are left out
    ema      take the averaged copy of the weights
    rules    turn the file's tensors into the target's, from the file's own names on: no wrapper is removed then
    fill     values for names of the schema that the file lacks
    trust    classes and functions that the pickle in the file may call: this runs their code
    dry_run  check and report, but write nothing
    prove    read back what was written, compare it bit for bit, and hash the files

    () and (1,) are one shape, and counters of batches are kept where the target has none, as in Jittor.

    Raises UserError, with nothing written, if a file cannot be read or written, a rule cannot be applied, or if a name
    is missing or unexpected, a shape differs, or a dtype differs and a cast would change a value.
    """
    container = container_for(dst)
    if ema and rules:
        raise UserError("the rules say which weights are taken: leave the request for EMA weights out")
    with _opened(src, trust) as contents:
        _refuse_overwriting(contents, dst)
        name_map = _without_ignored(_map(contents, ema, rules, schema), ignore, schema)
        found = made_leaves(name_map, contents.leaves)
        lacking = {name: array for name, array in (fill or {}).items() if name in (schema or ()) and name not in found}
        whole = {**found, **{name: ArrayTensor(array) for name, array in lacking.items()}}
        tensors = found if schema is None else _fit(whole, schema, contents.path)
        with _hashing(contents.files if prove else ()) as source_hashes:
            if dry_run:
                check_leaves(dst, tensors)
            destination = "" if dry_run else write_leaves(dst, tensors, prove=prove)
        return ConversionReport(
            src=contents.path,
            dst=str(dst),
            source_container=contents.container,
            container=container,
            tensors=_fates(tensors, contents, name_map),
            left_behind=contents.left_behind,
            notes=_notes(contents, tensors, schema, dst),
            checked=schema is not None,
            written=not dry_run,
            proved=prove and not dry_run,
            hashes=Hashes(source_hashes(), destination, _map_hash(name_map)) if prove else None,
            versions={"jtmigrate": __version__, "numpy": np.__version__, "python": platform.python_version()},
        )


@contextmanager
def _opened(src: str | PathLike[str] | Checkpoint | Contents, trust: Collection[str]) -> Iterator[Contents]:
    if isinstance(src, Contents):
        yield src
    elif isinstance(src, Checkpoint):
        yield _in_memory(src)
    else:
        with open_checkpoint(src, trust=trust) as contents:
            yield contents


def _in_memory(checkpoint: Checkpoint) -> Contents:
    return Contents(
        {name: ArrayTensor(array, checkpoint.stored.get(name, "")) for name, array in checkpoint.tensors.items()},
        checkpoint.container,
        checkpoint.wrapper,
        checkpoint.left_behind,
        path=checkpoint.path,
    )


def _without_ignored(name_map: NameMap, ignore: Collection[str], schema: Schema | None) -> NameMap:
    """The map without the names beyond the schema that match one of the patterns."""
    ignored = {
        name: source
        for name, source in name_map.pairs.items()
        if name not in (schema or ()) and any(fnmatchcase(name, pattern) for pattern in ignore)
    }
    pairs = {name: source for name, source in name_map.pairs.items() if name not in ignored}
    left_out = {source: "not used by the target" for name in ignored for source in name_map.sources(name)}
    recipes = {name: recipe for name, recipe in name_map.recipes.items() if name not in ignored}
    return NameMap(pairs, {**name_map.unused, **left_out}, recipes)


def _refuse_overwriting(contents: Contents, dst: str | PathLike[str]) -> None:
    """The source may hold more than the model, such as the state of an optimizer."""
    sources = contents.files or (Path(contents.path),)
    if contents.path and Path(dst).resolve() in [source.resolve() for source in sources]:
        raise UserError(f"{dst}: is the source too: give the result another name")


def _map(contents: Contents, ema: bool, rules: Sequence[Rule], schema: Schema | None) -> NameMap:
    """Raises UserError, also if a cast that a rule asks for would change a value."""
    try:
        if not rules:
            return unwrap(contents.leaves, ema=ema, target=schema or ())
        specs = {name: TensorSpec(leaf.shape, leaf.dtype.name) for name, leaf in contents.leaves.items()}
        name_map = apply_rules(rules, specs)
        for recipe in name_map.recipes.values():
            if holds_cast(recipe):
                recipe.evaluate(contents.array)
        return name_map
    except UserError as error:
        raise UserError(f"{contents.path}: {error}") from error


def _fit(tensors: Mapping[str, TensorLeaf], schema: Schema, path: str) -> dict[str, TensorLeaf]:
    """The tensors in the order, shapes and dtypes of the schema. Raises UserError for any other difference."""
    schema = {**schema, **_counters(tensors, schema)}
    tensors = {name: _shaped(tensor, schema.get(name)) for name, tensor in tensors.items()}
    check = check_schema(tensors, schema)
    cast = {name: CastTensor(tensors[name], np.dtype(expected)) for name, _, expected in check.dtypes}
    check = replace(check, dtypes=tuple(found for found in check.dtypes if not _is_lossless(cast[found.name])))
    if not check:
        raise UserError(
            f"{path}: {len(tensors)} tensors do not fit the {len(schema)} of the target: {check.summary()}; "
            "give the target that this file was made for"
        )
    return {name: cast.get(name, tensors[name]) for name in schema}


def _counters(tensors: Mapping[str, TensorLeaf], schema: Schema) -> Schema:
    """Counters of batches beside running statistics of the schema: it is Jittor's, and the way back needs them."""
    return {
        name: TensorSpec(tensor.shape, tensor.dtype.name)
        for name, tensor in tensors.items()
        if jittor_lacks(name) and name not in schema and f"{name.rpartition('.')[0]}.running_mean" in schema
    }


def _shaped(tensor: TensorLeaf, spec: TensorSpec | None) -> TensorLeaf:
    one = spec is not None and tensor.shape != spec.shape and {tensor.shape, spec.shape} == {(), (1,)}
    return ReshapedTensor(tensor, spec.shape) if one else tensor


def _is_lossless(cast: CastTensor) -> bool:
    # The first one decides on the kinds of the two dtypes where there are no values.
    pieces = chain([np.empty(0, cast.source.dtype)], cast.source.pieces())
    return all(lossless_cast(piece, cast.dtype.name) is not None for piece in pieces)


@contextmanager
def _hashing(files: Collection[Path]) -> Iterator[Callable[[], dict[str, str]]]:
    """The SHA-256 of files, computed beside the conversion: a function to be called when it is done."""
    with ThreadPoolExecutor(1) as executor:
        hashes = {str(file): executor.submit(sha256_of, file) for file in files}
        yield lambda: {file: digest.result() for file, digest in hashes.items()}


def _map_hash(name_map: NameMap) -> str:
    pairs = [
        [name, source.name, *([repr(name_map.recipes[name])] if name in name_map.recipes else [])]
        for name, source in name_map.pairs.items()
    ]
    return hashlib.sha256(json.dumps(pairs, separators=(",", ":")).encode()).hexdigest()


def _fates(written: Mapping[str, TensorLeaf], source: Contents, name_map: NameMap) -> tuple[TensorFate, ...]:
    """The fate of every tensor written, then of every tensor left out."""
    fates = [_written_fate(name, tensor, source, name_map) for name, tensor in written.items()]
    unused = name_map.unused.items()
    left_out = [_fate(name, name, Fate.LEFT_OUT, reason, source.leaves[name]) for name, reason in unused]
    return (*fates, *left_out)


def _written_fate(name: str, tensor: TensorLeaf, source: Contents, name_map: NameMap) -> TensorFate:
    if name not in name_map.pairs:
        return _fate(name, "", Fate.INITIALISED, "not in the file", tensor)
    source_name, reason = name_map.pairs[name]
    if name in name_map.recipes:
        sources = " + ".join(dict.fromkeys(name_map.sources(name)))
        return _fate(name, sources, Fate.REARRANGED, reason, tensor)
    found = source.leaves[source_name]
    dtype = found.stored or found.dtype.name
    if dtype != tensor.dtype.name:
        return _fate(name, source_name, Fate.CAST, f"{reason}, {dtype} to {tensor.dtype.name}", tensor)
    return _fate(name, source_name, Fate.COPIED, reason, tensor)


def _fate(name: str, source: str, fate: Fate, reason: str, tensor: TensorLeaf) -> TensorFate:
    return TensorFate(name, source, fate, reason, tensor.shape, tensor.dtype.name, tensor.nbytes)


def _notes(
    contents: Contents, written: Mapping[str, TensorLeaf], schema: Schema | None, dst: str | PathLike[str]
) -> tuple[str, ...]:
    notes = []
    if schema is None:
        notes.append("Names, shapes and dtypes were not checked against a model: no target was given.")
    for kind, number in Counter(contents.stored.values()).items():
        are = "is" if number == 1 else "are"
        notes.append(f"{number} of the file's tensors {are} {kind}, read as {WIDE}, which holds the same values.")
    if not keeps_ties(dst) and (tied := tied_names(written)):
        notes.append(f"Tied weights became copies, as {container_for(dst)} has no ties: {_listed(tied, ' = ')}.")
    if overlapping := overlapping_names(written):
        notes.append(f"Views that share elements became copies, each of its own: {_listed(overlapping, ', ')}.")
    if contents.left_behind:
        notes.append(f"The file's other entries are left behind: {', '.join(contents.left_behind)}.")
    return tuple(notes)


def _listed(groups: Collection[tuple[str, ...]], between: str) -> str:
    return "; ".join(between.join(group) for group in groups)
