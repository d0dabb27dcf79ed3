"""`NameMap`: for every target name what it is filled from, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from jtmigrate.naming.values import Value as Recipe

Value = TypeVar("Value")


class Source(NamedTuple):
    """Where a target name is filled from (the first of several names), and the reason for this pair."""

    name: str
    reason: str


@dataclass(frozen=True)
class NameMap:
    """A pairing of names.

    pairs    target name -> Source, in the order of the source
    unused   source name -> why no target name takes it
    recipes  target name -> what is done to its source, or made of several; absent where it is taken as it is
    """

    pairs: Mapping[str, Source]
    unused: Mapping[str, str] = field(default_factory=dict)
    recipes: Mapping[str, Recipe] = field(default_factory=dict)

    def sources(self, target: str) -> tuple[str, ...]:
        """All the names that a target name is filled from."""
        return self.recipes[target].sources if target in self.recipes else (self.pairs[target].name,)

    def apply(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Values by source name, under their target names. They have to be arrays where there are recipes."""
        return {
            target: self.recipes[target].evaluate(values.__getitem__) if target in self.recipes else values[source.name]
            for target, source in self.pairs.items()
        }

    def reverse(self) -> "NameMap":
        """The way back of a map without recipes. Unused names have no way back."""
        return NameMap({source.name: Source(target, source.reason) for target, source in self.pairs.items()})
