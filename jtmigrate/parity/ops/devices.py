"""What PyTorch asks of devices and of the process, answered by Jittor's one flag for all of it."""

from typing import Any

import jittor as jt

__all__ = ["cuda_is_available", "device_of", "is_cuda", "is_scripting", "synchronize"]


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
