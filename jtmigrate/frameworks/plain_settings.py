"""What both frameworks' modules are asked for: their public attributes that are plain values."""

from collections.abc import Iterator, Mapping
from typing import Any

Settings = dict[str, Any]

_NEUTRAL: dict[str, Any] = {"align_corners": False, "return_indices": False, "ignore_index": -100}
"""What None stands for, where it stands for something."""


def plain_attributes(attributes: Mapping[str, Any]) -> Settings:
    """Attributes that begin with no underscore and hold numbers, texts or tuples of them; lists become tuples."""
    found = {name: _plain(value) for name, value in attributes.items() if not name.startswith("_") and _is_plain(value)}
    return {name: _NEUTRAL.get(name) if value is None else value for name, value in found.items()}


def without_idle(settings: Settings) -> Settings:
    """The same without settings that do nothing: `inplace`, and what a pool without padding pads with, or counts."""
    idle = {"inplace"} if any(_flat(settings.get("padding"))) else {"inplace", "count_include_pad", "pads_with"}
    return {name: value for name, value in settings.items() if name not in idle}


def _flat(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, tuple) else (value,)


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(_is_plain(member) for member in value)
    return value is None or isinstance(value, bool | int | float | str)


def _plain(value: Any) -> Any:
    return tuple(_plain(member) for member in value) if isinstance(value, tuple | list) else value
