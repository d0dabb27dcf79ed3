"""Entries for what PyTorch has twice: a function `torch.NAME(input, ...)` and a method of tensors."""

from typing import Any

from jtmigrate.port.atlas.entry import METHODS, PARITY, Entry, Kind

OPS = f"{PARITY}ops."
PLACING = ("layout", "device", "pin_memory", "requires_grad")
"""What functions that make tensors are told of memory."""


def both(name: str, signature: str = "", jittor: str | None = None, **facts: Any) -> tuple[Entry, Entry]:
    """The function and the method `name`.

    `signature` is that of the method, and of the function without its first parameter. `jittor`, of the same name
    unless given, is looked for in Jittor and in its Var.
    """
    target = jittor or name
    return _pair(name, signature, f"jittor.{target}", f"{METHODS}{target}", facts)


def parity(name: str, signature: str = "", jittor: str | None = None, **facts: Any) -> tuple[Entry, Entry]:
    """The function and the method `name`, both the same function of `jtmigrate.parity.ops`."""
    target = f"{OPS}{jittor or name}"
    return _pair(name, signature, target, target, facts)


def functional(name: str, signature: str = "", **facts: Any) -> tuple[Entry, Entry]:
    """The function and the method `name`, both the same function of `jtmigrate.parity.functional`."""
    target = f"{PARITY}functional.{name}"
    return _pair(name, signature, target, target, facts)


def missing(name: str, signature: str, advice: str) -> tuple[Entry, Entry]:
    """The function and the method `name`, neither of which has a counterpart."""
    return _pair(name, signature, None, None, {"advice": advice, "untested": NO_COUNTERPART})


NO_COUNTERPART = "there is no counterpart"


def absent(name: str, kind: Kind, advice: str, aliases: tuple[str, ...] = ()) -> Entry:
    """A full name without counterpart."""
    return Entry(name, kind, "*args, **kwargs", None, aliases, advice=advice, untested=NO_COUNTERPART)


def function(name: str, signature: str, jittor: str, **facts: Any) -> Entry:
    """The function torch.NAME, with the full name of its counterpart."""
    return Entry(f"torch.{name}", Kind.FUNCTION, signature, jittor, **facts)


def method(name: str, signature: str, jittor: str, **facts: Any) -> Entry:
    """The method NAME of tensors, with the full name of its counterpart."""
    return Entry(f"torch.Tensor.{name}", Kind.METHOD, signature, jittor, **facts)


def _pair(
    name: str, signature: str, function_: str | None, method_: str | None, facts: dict[str, Any]
) -> tuple[Entry, Entry]:
    aliases = facts.pop("aliases", ())
    by_place = facts.pop("by_place", ())
    whole = f"input, {signature}" if signature else "input"
    return (
        Entry(
            f"torch.{name}", Kind.FUNCTION, whole, function_, _full("torch.", aliases), by_place=("input", *by_place),
            **facts,
        ),
        Entry(
            f"torch.Tensor.{name}", Kind.METHOD, signature, method_, _full("torch.Tensor.", aliases), by_place=by_place,
            **facts,
        ),
    )  # fmt: skip


def _full(prefix: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{prefix}{name}" for name in names)
