"""Replace what every name begins with."""

from dataclasses import dataclass

from jtmigrate.errors import UserError
from jtmigrate.naming.rules.rule import Effect, Rule, Values, collected


@dataclass(frozen=True)
class Prefix(Rule):
    """Every name carries the prefix, or is left out with `rest = "drop"`: what has gone has no way back."""

    prefix: str
    to: str
    rest: str = "refuse"

    def apply(self, values: Values) -> Effect:
        taken = [name for name in values if name.startswith(self.prefix)]
        others = [name for name in values if not name.startswith(self.prefix)]
        if not taken:
            return Effect(values, {})
        if others and self.rest == "refuse":
            raise UserError(f'{others[0]} does not begin with {self.prefix!r}; rest = "drop" leaves such names out')
        names = {self.to + name.removeprefix(self.prefix): (name,) for name in taken}
        result = collected((new, values[name]) for new, (name,) in names.items())
        return Effect(result, names, dict.fromkeys(others, f"does not begin with {self.prefix}"))

    def reverse(self) -> "Prefix":
        return Prefix(self.to, self.prefix, self.rest, optional=self.optional)

    def entries(self) -> dict[str, object]:
        entries: dict[str, object] = {"prefix": self.prefix, "to": self.to}
        return entries if self.rest == "refuse" else {**entries, "rest": self.rest}
