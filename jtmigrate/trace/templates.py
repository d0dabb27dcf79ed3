"""Templates of arguments and results (see `trace.structure`) as JSON values, and back.

None, booleans, numbers, text, tuples, lists, dicts and slots survive. Anything else, such as a device, becomes an
`Opaque` that tells what it was.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from jtmigrate.trace.structure import Slot, map_leaves

OPAQUE_LENGTH = 100


@dataclass(frozen=True)
class Opaque:
    """Stands in a template for a value that a file cannot hold; `text` is its `repr`."""

    text: str


def encode(template: Any) -> Any:
    """A template as None, bool, int, float, str, list and dict."""
    if isinstance(template, Slot):
        return {"slot": template.name}
    if isinstance(template, list):
        return [encode(member) for member in template]
    if isinstance(template, tuple):
        return {"tuple": [encode(member) for member in template]}
    if isinstance(template, dict):
        return {"dict": [[encode(key), encode(member)] for key, member in template.items()]}
    if isinstance(template, np.generic):
        template = template.item()
    if type(template) is float and not math.isfinite(template):
        return {"number": str(template)}
    if template is None or type(template) in (bool, int, float, str):
        return template
    return {"opaque": template.text if isinstance(template, Opaque) else repr(template)[:OPAQUE_LENGTH]}


def decode(encoded: Any) -> Any:
    """The template. Raises ValueError if this is none."""
    if isinstance(encoded, list):
        return [decode(member) for member in encoded]
    if not isinstance(encoded, dict):
        return encoded
    [(kind, content)] = encoded.items()
    if kind == "tuple":
        return tuple(decode(member) for member in content)
    if kind == "dict":
        return {decode(key): decode(member) for key, member in content}
    leaves = {"slot": Slot, "number": float, "opaque": Opaque}
    if kind not in leaves:
        raise ValueError(f"unknown part of a template: {kind}")
    return leaves[kind](content)


def opaque_members(template: Any) -> Iterator[Opaque]:
    """What a template lost on its way through a file."""
    found: list[Opaque] = []
    map_leaves(template, lambda _, member: found.append(member) if isinstance(member, Opaque) else None)
    return iter(found)
