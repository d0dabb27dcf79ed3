"""The configuration diff: how each module was constructed, before any number is compared."""

from collections.abc import Mapping
from typing import Any

from jtmigrate.compare.emulation import LAYERS, family
from jtmigrate.compare.result import SettingDifference

Settings = Mapping[str, Any]
SPATIAL = frozenset(
    {"kernel_size", "stride", "padding", "dilation", "output_padding", "output_size", "scale_factor", "size"}
)
"""Settings for which one number stands for the same in every dimension."""
EXACT = 1e-12
"""Relative difference of two numbers that are the same: one side may have been through a text or another type."""


def compare_settings(
    reference: Mapping[str, Settings], candidate: Mapping[str, Settings]
) -> tuple[SettingDifference, ...]:
    """Settings by module path on both sides -> those that differ, in the reference's order.

    Only what both sides know is compared: a framework that has no such setting does not differ in it.
    """
    return tuple(
        SettingDifference(path, name, str(settings[name]), str(candidate[path][name]))
        for path, settings in reference.items()
        if path in candidate
        for name in differing_settings(settings, candidate[path])
    )


def differing_settings(reference: Settings, candidate: Settings) -> tuple[str, ...]:
    """Names of settings that both sides of one module know and that differ, the reference's order."""
    return tuple(
        name for name, value in reference.items() if name in candidate and not _same(name, value, candidate[name])
    )


def _same(name: str, a: Any, b: Any) -> bool:
    if name == "kind":
        return _same_kind(a, b)
    if name in SPATIAL:
        a, b = _in_every_dimension(a), _in_every_dimension(b)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(_same("", one, other) for one, other in zip(a, b, strict=True))
    if _is_number(a) and _is_number(b):
        return a == b or abs(a - b) <= EXACT * max(abs(a), abs(b))
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _same_kind(a: str, b: str) -> bool:
    """Whether two classes are the same layer; those that are not PyTorch's may bear any name."""
    return family(a) == family(b) or not {family(a), family(b)} <= LAYERS.keys()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _in_every_dimension(value: Any) -> Any:
    """(2, 2) -> 2."""
    return value[0] if isinstance(value, tuple) and value and all(size == value[0] for size in value) else value
