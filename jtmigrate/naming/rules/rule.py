"""What every rule is: a step from all tensors to all tensors, with its reverse."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from jtmigrate.errors import UserError
from jtmigrate.naming.values import Value

Values = Mapping[str, Value]
"""Name -> what the tensor of that name is made of."""


@dataclass(frozen=True)
class Effect:
    """What a rule made of all tensors.

    values   the result, in the order of the input
    origins  name of a tensor that the rule has touched -> its names before
    dropped  names that the rule leaves out -> why
    """

    values: Values
    origins: Mapping[str, tuple[str, ...]]
    dropped: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Rule(ABC):
    """One step. An optional one may find nothing to do."""

    optional: bool = False

    @abstractmethod
    def apply(self, values: Values) -> Effect:
        """Raises UserError if a tensor cannot be treated so, or two results have one name."""

    @abstractmethod
    def reverse(self) -> "Rule":
        """The rule that undoes this one. Raises UserError if there is none."""

    @abstractmethod
    def entries(self) -> dict[str, object]:
        """What a rules file says of it, "optional" left out: see `toml`."""

    def __str__(self) -> str:
        """Short enough for the reason of a pair."""
        return ", ".join(f"{key} {_shown(value)}" for key, value in self.entries().items())


def collected(named: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    """Tensors by name. Raises UserError if two have the same."""
    values: dict[str, Value] = {}
    for name, value in named:
        if name in values:
            first, second = (" + ".join(member.sources) for member in (values[name], value))
            raise UserError(f"{first} and {second} would both be {name}")
        values[name] = value
    return values


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    return f"'{value}'" if isinstance(value, str) else str(value)
