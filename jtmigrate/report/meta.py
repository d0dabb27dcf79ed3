"""How a run was made, as text: whatever `DiffResult.meta` holds, without requiring any of it."""

from collections.abc import Collection, Mapping
from typing import Any

from jtmigrate.compare.result import DiffResult
from jtmigrate.report import numbers


def run_facts(result: DiffResult, *, without: Collection[str]) -> list[tuple[str, str | dict[str, str]]]:
    """(label, text) or (label, name -> text) for every entry of `meta`, but for those that are shown elsewhere."""
    return [(key.replace("_", " "), _fact(value)) for key, value in result.meta.items() if key not in without]


def words(value: Any) -> str:
    """A value on one line: `shape 1x3x416x416, sha256 ab12...` for a mapping."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {words(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        is_shape = value and all(isinstance(item, int) for item in value)
        return numbers.shape(tuple(value)) if is_shape else ", ".join(map(words, value))
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
    return str(value)


def _fact(value: Any) -> str | dict[str, str]:
    return {str(name): words(item) for name, item in value.items()} if isinstance(value, Mapping) else words(value)
