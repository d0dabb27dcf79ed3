"""Put the axes of tensors into another order."""

from dataclasses import dataclass

from jtmigrate.errors import UserError
from jtmigrate.naming.patterns import Renaming
from jtmigrate.naming.rules.rule import Effect, Rule, Values
from jtmigrate.naming.values import transposed


@dataclass(frozen=True)
class Transpose(Rule):
    """For every tensor whose whole name matches; `axes` as for `numpy.transpose`."""

    pattern: Renaming
    axes: tuple[int, ...]

    def apply(self, values: Values) -> Effect:
        matching = [name for name in values if self.pattern.renamed(name) is not None]
        for name in matching:
            shape = values[name].spec.shape
            if len(shape) != len(self.axes):
                raise UserError(f"{name} of shape {shape} has {len(shape)} axes, not {len(self.axes)}")
        changed = {name: transposed(values[name], self.axes) for name in matching}
        return Effect({**values, **changed}, {name: (name,) for name in matching})

    def reverse(self) -> "Transpose":
        back = tuple(self.axes.index(axis) for axis in range(len(self.axes)))
        return Transpose(self.pattern, back, optional=self.optional)

    def entries(self) -> dict[str, object]:
        return {"transpose": self.pattern.pattern, "axes": list(self.axes)}
