"""Compare what a checkpoint holds with what a model expects."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from jtmigrate.naming.schema import Schema

_NAMES_SHOWN = 3


class Difference(NamedTuple):
    """A property of one tensor that is not as expected."""

    name: str
    found: Any
    expected: Any

    def __str__(self) -> str:
        return f"{self.name}: {self.found} in the file, {self.expected} in the target"


@dataclass(frozen=True)
class SchemaCheck:
    """Everything in which tensors differ from a schema. True in a boolean context when nothing does.

    missing     expected, not there
    unexpected  there, not expected
    shapes      there with another shape
    dtypes      there with the right shape in another dtype
    """

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    shapes: tuple[Difference, ...]
    dtypes: tuple[Difference, ...]

    def __bool__(self) -> bool:
        return not (self.missing or self.unexpected or self.shapes or self.dtypes)

    def summary(self) -> str:
        """One line with the number of each kind of difference and the first names of it; "" without any."""
        groups = {
            "of other shape": self.shapes,
            "of other dtype": self.dtypes,
            "missing": self.missing,
            "unexpected": self.unexpected,
        }
        return "; ".join(f"{len(items)} {kind} ({_first(items)})" for kind, items in groups.items() if items)


def check_schema(tensors: Mapping[str, np.ndarray], schema: Schema) -> SchemaCheck:
    """Compare names, shapes and dtypes, all of them, not just up to the first difference."""
    common = [name for name in schema if name in tensors]
    pairs = [(name, tensors[name], schema[name]) for name in common]
    return SchemaCheck(
        missing=tuple(name for name in schema if name not in tensors),
        unexpected=tuple(name for name in tensors if name not in schema),
        shapes=tuple(Difference(name, a.shape, spec.shape) for name, a, spec in pairs if a.shape != spec.shape),
        dtypes=tuple(
            Difference(name, a.dtype.name, spec.dtype)
            for name, a, spec in pairs
            if a.shape == spec.shape and a.dtype.name != spec.dtype
        ),
    )


def _first(items: Iterable[object]) -> str:
    items = list(items)
    return ", ".join(map(str, items[:_NAMES_SHOWN])) + (", ..." if len(items) > _NAMES_SHOWN else "")
