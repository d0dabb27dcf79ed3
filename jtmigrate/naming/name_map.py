"""`NameMap`: for every target name what it is filled from, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from jtmigrate.naming.values import Value as Recipe

Value = TypeVar("Value")


class Source(NamedTuple):
    """What a target name is filled from.

    name    of the source tensor; of the first, where there are several
    reason  for this pair
    recipe  what is done to the source, or to several; None where it is taken as it is
    """

    name: str
    reason: str
    recipe: Recipe | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All source names."""
        return self.recipe.sources if self.recipe else (self.name,)


@dataclass(frozen=True)
class NameMap:
    """A pairing of names.

    pairs    target name -> Source, in the order of the source
    unused   source name -> why no target name takes it
    """

    pairs: Mapping[str, Source]
    unused: Mapping[str, str] = field(default_factory=dict)

    def apply(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Values by source name, under their target names. They are arrays where a recipe works on them."""
        return {
            target: source.recipe.evaluate(values.__getitem__) if source.recipe else values[source.name]
            for target, source in self.pairs.items()
        }

    def reverse(self) -> "NameMap":
        """The way back of a map without recipes. Unused names have no way back."""
        return NameMap({source.name: Source(target, source.reason) for target, source in self.pairs.items()})
