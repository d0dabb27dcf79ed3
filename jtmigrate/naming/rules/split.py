"""One tensor into several and several into one: each the reverse of the other."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from jtmigrate.errors import UserError
from jtmigrate.naming.patterns import Renaming
from jtmigrate.naming.rules.rule import Effect, Rule, Values, collected
from jtmigrate.naming.schema import TensorSpec
from jtmigrate.naming.values import Value, joined, part


@dataclass(frozen=True)
class Split(Rule):
    """Cut a tensor along an axis: into parts of these sizes, or equal ones.

    parts  how the name of the whole becomes the name of each part, in their order
    """

    parts: tuple[Renaming, ...]
    axis: int = 0
    sizes: tuple[int, ...] = ()

    def apply(self, values: Values) -> Effect:
        origins: dict[str, tuple[str, ...]] = {}

        def results() -> Iterator[tuple[str, Value]]:
            for name, value in values.items():
                names = [new for renaming in self.parts if (new := renaming.renamed(name)) is not None]
                if not names:
                    yield name, value
                    continue
                start = 0
                for new, size in zip(names, self._sizes(name, value.spec), strict=True):
                    origins[new] = (name,)
                    yield new, part(value, self.axis, start, start + size)
                    start += size

        return Effect(collected(results()), origins)

    def reverse(self) -> "Concatenate":
        parts = tuple(renaming.reverse() for renaming in self.parts)
        return Concatenate(parts, self.axis, self.sizes, optional=self.optional)

    def entries(self) -> dict[str, object]:
        entries = {"split": self.parts[0].pattern, "into": [renaming.to for renaming in self.parts]}
        return {**entries, **_layout(self.axis, self.sizes)}

    def _sizes(self, name: str, spec: TensorSpec) -> tuple[int, ...]:
        _check_axis(name, spec, self.axis)
        whole, number = spec.shape[self.axis], len(self.parts)
        sizes = self.sizes or (whole // number,) * number
        if sum(sizes) != whole or not whole:
            how = f"parts of {', '.join(map(str, sizes))}" if self.sizes else f"{number} equal parts"
            raise UserError(f"{name} of shape {spec.shape} cannot be cut along axis {self.axis} into {how}")
        return sizes


@dataclass(frozen=True)
class Concatenate(Rule):
    """Put tensors one after the other along an axis. Without `sizes` along it, they have to be of the same size.

    parts  how the name of each part, in their order, becomes the name of the whole
    """

    parts: tuple[Renaming, ...]
    axis: int = 0
    sizes: tuple[int, ...] = ()

    def apply(self, values: Values) -> Effect:
        wholes: dict[str, dict[int, str]] = defaultdict(dict)
        whole_of: dict[str, str] = {}
        for name in values:
            for index, renaming in enumerate(self.parts):
                whole = renaming.renamed(name)
                if whole is not None:
                    if name in whole_of or index in wholes[whole]:
                        raise UserError(f"{name} matches more than one part of {whole}")
                    wholes[whole][index] = name
                    whole_of[name] = whole

        def results() -> Iterator[tuple[str, Value]]:
            done = set()
            for name, value in values.items():
                whole = whole_of.get(name)
                if whole is None:
                    yield name, value
                elif whole not in done:
                    done.add(whole)
                    yield whole, self._joined(whole, wholes[whole], values)

        origins = {whole: tuple(name for _, name in sorted(names.items())) for whole, names in wholes.items()}
        return Effect(collected(results()), origins)

    def reverse(self) -> Split:
        parts = tuple(renaming.reverse() for renaming in self.parts)
        return Split(parts, self.axis, self.sizes, optional=self.optional)

    def entries(self) -> dict[str, object]:
        entries = {"concatenate": [renaming.pattern for renaming in self.parts], "into": self.parts[0].to}
        return {**entries, **_layout(self.axis, self.sizes)}

    def _joined(self, whole: str, names: dict[int, str], values: Values) -> Value:
        if len(names) < len(self.parts):
            lacking = next(r.pattern for index, r in enumerate(self.parts) if index not in names)
            raise UserError(f"{whole} lacks a part: {names[min(names)]} is there, but nothing matches {lacking}")
        ordered = [names[index] for index in range(len(self.parts))]
        specs = [values[name].spec for name in ordered]
        for name, spec in zip(ordered, specs, strict=True):
            _check_axis(name, spec, self.axis)
            if spec.dtype != specs[0].dtype or _without(spec, self.axis) != _without(specs[0], self.axis):
                raise UserError(f"{name} {spec.shape} {spec.dtype} does not fit {ordered[0]} {specs[0].shape}")
        sizes = tuple(spec.shape[self.axis] for spec in specs)
        if 0 in sizes:
            raise UserError(f"{ordered[sizes.index(0)]} is empty along axis {self.axis}")
        if sizes != (self.sizes or sizes[:1] * len(sizes)):
            wanted = f"sizes = [{', '.join(map(str, sizes))}]"
            raise UserError(f"the parts of {whole} have sizes {sizes} along axis {self.axis}: say {wanted}")
        return joined(tuple(values[name] for name in ordered), self.axis)


def _layout(axis: int, sizes: tuple[int, ...]) -> dict[str, object]:
    entries: dict[str, object] = {"axis": axis} if axis else {}
    return {**entries, "sizes": list(sizes)} if sizes else entries


def _check_axis(name: str, spec: TensorSpec, axis: int) -> None:
    if axis >= len(spec.shape):
        raise UserError(f"{name} of shape {spec.shape} has no axis {axis}")


def _without(spec: TensorSpec, axis: int) -> tuple[int, ...]:
    return (*spec.shape[:axis], *spec.shape[axis + 1 :])
