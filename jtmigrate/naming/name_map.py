"""`NameMap`: for every target name the source name it is filled from, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

Value = TypeVar("Value")


class Source(NamedTuple):
    """Where a target name is filled from, and the reason for this pair."""

    name: str
    reason: str


@dataclass(frozen=True)
class NameMap:
    """A one-to-one pairing of names.

    pairs    target name -> Source, in the order of the source
    unused   source name -> why no target name takes it
    """

    pairs: Mapping[str, Source]
    unused: Mapping[str, str] = field(default_factory=dict)

    def apply(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Values by source name, under their target names."""
        return {target: values[source.name] for target, source in self.pairs.items()}

    def reverse(self) -> "NameMap":
        """The way back: every source name filled from its target name. Unused names have no way back."""
        return NameMap({source.name: Source(target, source.reason) for target, source in self.pairs.items()})
