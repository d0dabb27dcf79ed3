"""Templates of arguments and results (see `trace.structure`) as JSON values, and back.

None, booleans, numbers, text, tuples, lists, dicts and slots survive, dataclasses as namespaces. Anything else, such as
a device, becomes an `Opaque` that tells what it was.
"""

import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from jtmigrate.trace.structure import Opaque, Slot, fields_of, map_leaves

OPAQUE_LENGTH = 100


def encode(template: Any) -> Any:
    """A template as None, bool, int, float, str, list and dict."""
    if isinstance(template, Slot):
        return {"slot": template.name}
    if members := fields_of(template):
        return {"fields": {name: encode(member) for name, member in members.items()}}
    if isinstance(template, list):
        return [encode(member) for member in template]
    if isinstance(template, tuple) and not isinstance(template, Opaque):
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
    if kind == "fields":
        return SimpleNamespace(**{name: decode(member) for name, member in content.items()})
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
