"""Change the dtype of tensors, where nothing is lost."""

from dataclasses import dataclass

from jtmigrate.errors import UserError
from jtmigrate.naming.patterns import Renaming
from jtmigrate.naming.rules.rule import Effect, Rule, Values
from jtmigrate.naming.values import cast


@dataclass(frozen=True)
class Cast(Rule):
    """For every tensor whose whole name matches; all of them have the dtype `old`, so that the way back is known."""

    pattern: Renaming
    old: str
    new: str

    def apply(self, values: Values) -> Effect:
        matching = [name for name in values if self.pattern.renamed(name) is not None]
        for name in matching:
            if values[name].spec.dtype != self.old:
                raise UserError(f"{name} is {values[name].spec.dtype}, not {self.old}: match it in a rule of its own")
        changed = {name: cast(values[name], self.new) for name in matching}
        return Effect({**values, **changed}, {name: (name,) for name in matching})

    def reverse(self) -> "Cast":
        return Cast(self.pattern, self.new, self.old, optional=self.optional)

    def entries(self) -> dict[str, object]:
        return {"cast": self.pattern.pattern, "from": self.old, "to": self.new}
