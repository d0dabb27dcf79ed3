"""Which module of the candidate is which of the reference, where their names differ.

In this order: by an explicit map of path prefixes, by name, then by order and shape for what is left. A doubtful pair
is no pair: it is listed with its candidates, for the map to decide.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from jtmigrate.allowances import same_shape
from jtmigrate.compare.alignment import align
from jtmigrate.compare.estimates import Known, is_sketched
from jtmigrate.trace.record import Arrays, LayerRecord, Trace


class How(str, Enum):
    """How a pair was found."""

    NAME = "name"
    MAP = "map"
    ORDER = "order and shape"
    VALUE = "equal values"
    TRANSPOSED = "equal values, transposed"


class Pair(NamedTuple):
    """Paths of two modules, or names of two parameters."""

    reference: str
    candidate: str
    how: How


@dataclass(frozen=True)
class Matching:
    """What belongs together.

    modules     one pair for every path of the candidate that has a counterpart
    parameters  one pair for every parameter and buffer of the candidate that has a counterpart
    ambiguous   path of the reference -> paths of the candidate that it may belong to, by order and shape
    """

    modules: tuple[Pair, ...]
    parameters: tuple[Pair, ...]
    ambiguous: Mapping[str, tuple[str, ...]]

    @property
    def names(self) -> dict[str, str]:
        """Path in the candidate -> path in the reference."""
        return {pair.candidate: pair.reference for pair in self.modules}

    @property
    def own_names(self) -> dict[str, str]:
        """Path in the reference -> path in the candidate."""
        return {pair.reference: pair.candidate for pair in self.modules}

    @property
    def parameter_names(self) -> dict[str, str]:
        """Name in the candidate -> name in the reference."""
        return {pair.candidate: pair.reference for pair in self.parameters}


def match(reference: Trace, candidate: Trace, prefixes: Mapping[str, str] | None = None) -> Matching:
    """Find the counterparts of a candidate's modules, parameters and buffers.

    prefixes  path in the candidate -> path in the reference; each stands for everything below it too
    """
    known, own = _paths(reference), _paths(candidate)
    modules = {pair.candidate: pair for pair in _by_name(known, own, prefixes or {})}
    ambiguous: dict[str, tuple[str, ...]] = {}
    if len(modules) < len(own) and {pair.reference for pair in modules.values()} != set(known):
        found, ambiguous = _by_order(reference, candidate, {path: pair.reference for path, pair in modules.items()})
        modules |= {pair.candidate: pair for pair in found}
    names = {path: pair.reference for path, pair in modules.items()}
    parameters = tuple(_parameters(reference.state, candidate.state, names))
    return Matching(tuple(modules[path] for path in own if path in modules), parameters, ambiguous)


def to_plain(matching: Matching) -> dict[str, Any]:
    """For a file: everything but the pairs of equal names."""
    return {
        "modules": [list(pair) for pair in matching.modules if pair.how is not How.NAME],
        "parameters": [list(pair) for pair in matching.parameters if pair.how is not How.NAME],
        "ambiguous": {path: list(candidates) for path, candidates in matching.ambiguous.items()},
    }


def from_plain(plain: Mapping[str, Any]) -> Matching:
    """What `to_plain` wrote."""
    modules, parameters = (
        tuple(Pair(reference, candidate, How(how)) for reference, candidate, how in plain.get(sort, ()))
        for sort in ("modules", "parameters")
    )
    ambiguous = {path: tuple(candidates) for path, candidates in plain.get("ambiguous", {}).items()}
    return Matching(modules, parameters, ambiguous)


def remarks(matching: Matching) -> Iterator[str]:
    """What a reader has to know of how pairs were found, one sentence each; nothing where all names agree."""
    by_order = [f"{pair.candidate} as {pair.reference}" for pair in matching.modules if pair.how is How.ORDER]
    if by_order:
        yield f"paired by order and shape, not by name: {', '.join(by_order)}"
    for path, candidates in matching.ambiguous.items():
        yield f"{path} has no certain counterpart (may be {', '.join(candidates)}): name it in the map"
    turned = [pair.candidate for pair in matching.parameters if pair.how is How.TRANSPOSED]
    if turned:
        yield f"parameters that equal the reference's transposed: {', '.join(turned)}"


def _paths(trace: Trace) -> list[str]:
    """Of every module that ran or was constructed, each once."""
    return list(dict.fromkeys([*(layer.path for layer in trace.layers), *trace.uncalled, *trace.settings]))


def _by_name(known: Sequence[str], own: Sequence[str], prefixes: Mapping[str, str]) -> Iterator[Pair]:
    """Pairs by map and name; a counterpart that the map gives away is nobody else's by name."""
    mapped = {path: target for path in own if (target := mapped_path(path, prefixes)) is not None}
    taken = set(mapped.values())
    for path in own:
        if mapped.get(path) in known:
            yield Pair(mapped[path], path, How.MAP)
        elif path not in mapped and path in known and path not in taken:
            yield Pair(path, path, How.NAME)


def mapped_path(path: str, prefixes: Mapping[str, str]) -> str | None:
    """What a map makes of a path, by its longest prefix that the map knows; None where it says nothing."""
    parts = path.split(".")
    for depth in range(len(parts), 0, -1):
        prefix = ".".join(parts[:depth])
        if prefix in prefixes:
            return ".".join(filter(None, [prefixes[prefix], *parts[depth:]]))
    return None


def name_within(name: str, names: Mapping[str, str]) -> str:
    """Name of a parameter after its module was renamed."""
    module, dot, local = name.rpartition(".")
    return f"{names.get(module, module)}{dot}{local}"


def _by_order(
    reference: Trace, candidate: Trace, names: Mapping[str, str]
) -> tuple[list[Pair], dict[str, tuple[str, ...]]]:
    """Pairs among the calls that have none, between those that have; and the doubtful ones."""
    taken = set(names.values())
    ours = [_anchor(call, call.path) if call.path in taken else _shape_of(call, reference) for call in reference.layers]
    theirs = [
        _anchor(call, names[call.path]) if call.path in names else _shape_of(call, candidate)
        for call in candidate.layers
    ]
    aligned = align(ours, theirs)
    votes: dict[str, set[str]] = {}
    back: dict[str, set[str]] = {}
    for i, j in aligned.certain:
        path, own = reference.layers[i].path, candidate.layers[j].path
        if path not in taken and own not in names:
            votes.setdefault(own, set()).add(path)
            back.setdefault(path, set()).add(own)
    pairs = [
        Pair(path, own, How.ORDER)
        for own, paths in votes.items()
        for path in paths
        if len(paths) == 1 and len(back[path]) == 1
    ]
    settled = {pair.reference for pair in pairs}
    doubtful: dict[str, dict[str, None]] = {
        path: dict.fromkeys(sorted(owns)) for path, owns in back.items() if path not in settled
    }
    for i, js in aligned.possible.items():
        path = reference.layers[i].path
        if path not in settled and path not in taken:
            doubtful.setdefault(path, {}).update(dict.fromkeys(candidate.layers[j].path for j in js))
    return pairs, {path: tuple(owns) for path, owns in doubtful.items()}


def _anchor(call: LayerRecord, path: str) -> tuple[Any, ...]:
    return ("paired", path, call.call)


def _shape_of(call: LayerRecord, trace: Trace) -> tuple[Any, ...]:
    """What a call has to have in common with its counterpart; class names differ between frameworks."""
    own = sorted(tuple(sorted(a.shape)) for name, a in trace.state.items() if name.rpartition(".")[0] == call.path)
    return (
        "alike",
        call.is_leaf,
        tuple(array.shape for array in call.inputs.values()),
        tuple(array.shape for array in call.outputs.values()),
        tuple(own),
    )


def _parameters(reference: Arrays, candidate: Arrays, names: Mapping[str, str]) -> Iterator[Pair]:
    """By name within paired modules; what is left of a module by value, if only one has that value."""
    expected = {name: name_within(name, names) for name in candidate}
    rest = dict(reference)
    left_over = []
    for name, target in expected.items():
        if target in rest and not _turned(rest[target], candidate[name]):
            del rest[target]
            yield Pair(target, name, How.NAME if target == name else How.MAP)
        else:
            left_over.append(name)
    for name in left_over:
        module = expected[name].rpartition(".")[0]
        own = {other: array for other, array in rest.items() if other.rpartition(".")[0] == module}
        equal = [other for other, array in own.items() if _equal(array, candidate[name])]
        turned = [other for other, array in own.items() if _turned(array, candidate[name])]
        found = equal or turned
        if len(found) == 1:
            del rest[found[0]]
            yield Pair(found[0], name, How.VALUE if equal else How.TRANSPOSED)
        elif expected[name] in rest:
            del rest[expected[name]]
            yield Pair(expected[name], name, How.NAME if expected[name] == name else How.MAP)


def _equal(a: Known, b: Known) -> bool:
    return not is_sketched(a, b) and same_shape(a, b) and np.array_equal(a.ravel(), b.ravel())


def _turned(a: Known, b: Known) -> bool:
    """Whether a matrix is the other one transposed, and not equal to it."""
    if is_sketched(a, b) or a.ndim != 2 or a.shape != b.shape[::-1]:
        return False
    return np.array_equal(a, b.T) and not _equal(a, b)
