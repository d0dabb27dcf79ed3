"""What PyTorch asks of devices and of the process, answered by Jittor's one flag for all of it."""

from typing import Any

import jittor as jt

__all__ = ["cuda_is_available", "device", "device_of", "is_cuda", "is_scripting", "synchronize"]


class device(str):
    """The name of a device, which says nothing in Jittor: it computes where `jt.flags.use_cuda` says.

    type, index  "cuda" and 1 of "cuda:1"; without a number the index is None
    """

    type: str
    index: int | None

    def __new__(cls, type: "str | int", index: int | None = None) -> "device":
        name = f"cuda:{type}" if isinstance(type, int) else str(type)
        name = name if index is None else f"{name}:{index}"
        made = super().__new__(cls, name)
        made.type, _, number = name.partition(":")
        made.index = int(number) if number else None
        return made


def cuda_is_available() -> bool:
    """Whether Jittor can use a GPU."""
    return bool(jt.has_cuda)


def is_cuda(x: jt.Var) -> bool:
    """Whether this process computes on a GPU."""
    return bool(jt.flags.use_cuda)


def device_of(x: jt.Var) -> str:
    """ "cuda" or "cpu", the same for every Var of a process."""
    return "cuda" if jt.flags.use_cuda else "cpu"


def synchronize(device: Any = None) -> None:
    """Wait until everything that was asked for is computed."""
    jt.sync_all(True)


def is_scripting() -> bool:
    """False: Jittor has no TorchScript."""
    return False
