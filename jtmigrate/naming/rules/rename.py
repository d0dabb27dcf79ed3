"""Rename by regular expression."""

from dataclasses import dataclass

from jtmigrate.naming.patterns import Renaming
from jtmigrate.naming.rules.rule import Effect, Rule, Values, collected


@dataclass(frozen=True)
class Rename(Rule):
    """Every match in every name is replaced."""

    renaming: Renaming

    def apply(self, values: Values) -> Effect:
        names = {name: new for name in values if (new := self.renaming.renamed(name)) not in (None, name)}
        result = collected((names.get(name, name), value) for name, value in values.items())
        return Effect(result, {new: (name,) for name, new in names.items()})

    def reverse(self) -> "Rename":
        return Rename(self.renaming.reverse(), optional=self.optional)

    def entries(self) -> dict[str, object]:
        entries: dict[str, object] = {"rename": self.renaming.pattern, "to": self.renaming.to}
        return {**entries, "back": list(self.renaming.back)} if self.renaming.back else entries
