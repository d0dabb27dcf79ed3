"""What a target tensor is made of: an expression over the tensors of a file, evaluated when the tensor is written.

Shapes and dtypes are known beforehand, so that a plan can be checked before the first byte is read. Values are made by
`part`, `joined`, `transposed` and `cast`, which undo what was just done instead of doing its opposite too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

import numpy as np

from jtmigrate.errors import UserError
from jtmigrate.naming.cast import lossless_cast
from jtmigrate.naming.schema import TensorSpec

Fetch = Callable[[str], np.ndarray]


class Value(Protocol):
    """spec     shape and dtype of the result
    sources  names of the tensors that it is made of
    """

    @property
    def spec(self) -> TensorSpec: ...

    @property
    def sources(self) -> tuple[str, ...]: ...

    def evaluate(self, fetch: Fetch) -> np.ndarray:
        """The array, from the arrays that `fetch` returns by source name. Raises UserError if a cast loses digits."""


@dataclass(frozen=True)
class Taken:
    """A tensor of the file as it is."""

    name: str
    spec: TensorSpec

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.name,)

    def evaluate(self, fetch: Fetch) -> np.ndarray:
        return fetch(self.name)


@dataclass(frozen=True)
class Part:
    """The slice [start, stop) of a value along an axis."""

    whole: Value
    axis: int
    start: int
    stop: int

    @property
    def spec(self) -> TensorSpec:
        shape = self.whole.spec.shape
        return TensorSpec((*shape[: self.axis], self.stop - self.start, *shape[self.axis + 1 :]), self.whole.spec.dtype)

    @property
    def sources(self) -> tuple[str, ...]:
        return self.whole.sources

    def evaluate(self, fetch: Fetch) -> np.ndarray:
        return self.whole.evaluate(fetch)[(slice(None),) * self.axis + (slice(self.start, self.stop),)]


@dataclass(frozen=True)
class Joined:
    """Values one after the other along an axis; of the same dtype, and of the same shape but for that axis."""

    parts: tuple[Value, ...]
    axis: int

    @property
    def spec(self) -> TensorSpec:
        shape, dtype = self.parts[0].spec
        size = sum(part.spec.shape[self.axis] for part in self.parts)
        return TensorSpec((*shape[: self.axis], size, *shape[self.axis + 1 :]), dtype)

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(name for part in self.parts for name in part.sources)

    def evaluate(self, fetch: Fetch) -> np.ndarray:
        return np.concatenate([part.evaluate(fetch) for part in self.parts], axis=self.axis)


@dataclass(frozen=True)
class Transposed:
    """A value with its axes in another order, as `numpy.transpose` counts them."""

    value: Value
    axes: tuple[int, ...]

    @property
    def spec(self) -> TensorSpec:
        shape, dtype = self.value.spec
        return TensorSpec(tuple(shape[axis] for axis in self.axes), dtype)

    @property
    def sources(self) -> tuple[str, ...]:
        return self.value.sources

    def evaluate(self, fetch: Fetch) -> np.ndarray:
        return self.value.evaluate(fetch).transpose(self.axes)


@dataclass(frozen=True)
class Cast:
    """A value in another dtype, which holds it without loss."""

    value: Value
    dtype: str

    @property
    def spec(self) -> TensorSpec:
        return TensorSpec(self.value.spec.shape, self.dtype)

    @property
    def sources(self) -> tuple[str, ...]:
        return self.value.sources

    def evaluate(self, fetch: Fetch) -> np.ndarray:
        array = lossless_cast(self.value.evaluate(fetch), self.dtype)
        if array is None:
            names, found = " + ".join(self.sources), self.value.spec.dtype
            raise UserError(f"{names}: a cast from {found} to {self.dtype} would change values: leave the cast out")
        return array


def part(whole: Value, axis: int, start: int, stop: int) -> Value:
    """The slice [start, stop) of a value along an axis."""
    if isinstance(whole, Joined) and whole.axis == axis:
        begin = 0
        for member in whole.parts:
            end = begin + member.spec.shape[axis]
            if (begin, end) == (start, stop):
                return member
            begin = end
    return Part(whole, axis, start, stop)


def joined(parts: tuple[Value, ...], axis: int) -> Value:
    """Values one after the other along an axis. Their shapes have to agree but for that axis."""
    first = parts[0]
    if isinstance(first, Part):
        ends = (0, *(member.stop for member in parts if isinstance(member, Part)))
        rest = [Part(first.whole, axis, *between) for between in pairwise(ends)]
        if list(parts) == rest and ends[-1] == first.whole.spec.shape[axis]:
            return first.whole
    return Joined(parts, axis)


def transposed(value: Value, axes: tuple[int, ...]) -> Value:
    """A value with its axes in another order."""
    if isinstance(value, Transposed):
        value, axes = value.value, tuple(value.axes[axis] for axis in axes)
    return value if axes == tuple(range(len(axes))) else Transposed(value, axes)


def cast(value: Value, dtype: str) -> Value:
    """A value in another dtype."""
    if isinstance(value, Cast):
        value = value.value
    return value if value.spec.dtype == dtype else Cast(value, dtype)


def with_sources(value: Value, names: Mapping[str, str]) -> Value:
    """The same made of tensors of other names."""
    match value:
        case Taken(name, spec):
            return Taken(names[name], spec)
        case Joined(parts, axis):
            return Joined(tuple(with_sources(member, names) for member in parts), axis)
        case Part(whole):
            return replace(value, whole=with_sources(whole, names))
        case Transposed(inner) | Cast(inner):
            return replace(value, value=with_sources(inner, names))
    raise TypeError(f"no value: {value!r}")


def holds_cast(value: Value) -> bool:
    """Whether evaluating the value can fail, because a cast might change one of its numbers."""
    match value:
        case Cast():
            return True
        case Joined(parts):
            return any(map(holds_cast, parts))
        case Part(inner) | Transposed(inner):
            return holds_cast(inner)
    return False
