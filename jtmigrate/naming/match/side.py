"""What the matchers know of one of two models, and what they propose."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np

from jtmigrate.naming.schema import Schema, TensorSpec
from jtmigrate.trace.record import Trace

Key = TypeVar("Key", bound=Hashable)

TRANSPOSES = {2: ((1, 0),), 4: ((3, 2, 0, 1), (2, 3, 1, 0))}
"""By number of axes: orders in which frameworks hold the same weights. (in, out) and (out, in) of linear layers;
(height, width, in, out) -> (out, in, height, width) of convolutions, and back."""


@dataclass(frozen=True)
class Side:
    """One of the two models.

    schema  names, shapes and dtypes, in the model's order
    arrays  its values, if they are known: for matching by value
    trace   a recorded run, if there is one; both models were given the same input
    """

    schema: Schema
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    trace: Trace | None = None

    def only(self, names: Iterable[str]) -> "Side":
        """The same with these names only."""
        kept = set(names)
        return Side(
            {name: spec for name, spec in self.schema.items() if name in kept},
            {name: array for name, array in self.arrays.items() if name in kept},
            self.trace,
        )


class Proposal(NamedTuple):
    """The target name might be filled from the source name, in another order of axes unless `axes` is ()."""

    source: str
    target: str
    axes: tuple[int, ...] = ()


def fitting(source: TensorSpec, target: TensorSpec) -> tuple[tuple[int, ...], ...]:
    """Orders of axes in which the shapes fit: ((),) if as they are, () if in none that frameworks use."""
    if (source.shape or (1,)) == (target.shape or (1,)):
        return ((),)
    if len(source.shape) != len(target.shape):
        return ()
    orders = TRANSPOSES.get(len(source.shape), ())
    return tuple(axes for axes in orders if tuple(source.shape[axis] for axis in axes) == target.shape)


def by_key(source: Mapping[str, Key], target: Mapping[str, Key]) -> Iterator[tuple[str, str]]:
    """All pairs of a source name and a target name with the same key."""
    targets: dict[Key, list[str]] = defaultdict(list)
    for name, key in target.items():
        targets[key].append(name)
    for name, key in source.items():
        for other in targets.get(key, ()):
            yield name, other


def proposals(source: Side, target: Side, pairs: Iterable[tuple[str, str]]) -> Iterator[Proposal]:
    """Those pairs whose shapes fit."""
    for old, new in pairs:
        for axes in fitting(source.schema[old], target.schema[new]):
            yield Proposal(old, new, axes)


def module_of(name: str) -> str:
    """The path of the module that holds a tensor."""
    return name.rpartition(".")[0]


def members(names: Iterable[str]) -> dict[str, list[str]]:
    """Module path -> the names of its own tensors."""
    modules: dict[str, list[str]] = defaultdict(list)
    for name in names:
        modules[module_of(name)].append(name)
    return modules


def within_modules(
    source: Side, target: Side, modules: Iterable[tuple[str, str]], last_word: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Pairs of tensors of paired modules: those with the same last word, or the only ones whose shapes fit."""
    sources, targets = members(source.schema), members(target.schema)
    for old_module, new_module in modules:
        olds, news = sources.get(old_module, []), targets.get(new_module, [])
        words = list(by_key({name: last_word[name] for name in olds}, {name: last_word[name] for name in news}))
        shapes = [(old, new) for old in olds for new in news if fitting(source.schema[old], target.schema[new])]
        counts = Counter(name for pair in shapes for name in pair)
        yield from words or [pair for pair in shapes if counts[pair[0]] == counts[pair[1]] == 1]
