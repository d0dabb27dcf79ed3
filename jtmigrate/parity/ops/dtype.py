"""Dtypes and conversions."""

from typing import Any

import jittor as jt

from jtmigrate.parity.ops.operands import as_dtype

__all__ = [
    "byte", "char", "contiguous", "cpu", "cuda", "element_size", "is_contiguous", "is_floating_point",
    "short", "to",
]  # fmt: skip

_DTYPES = frozenset(["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"])


def to(x: jt.Var, *args: Any, **kwargs: Any) -> jt.Var:
    """x in another dtype, named or that of a Var, if one is among the arguments; a device is ignored.

    Jittor's own takes "cuda" in a device's name as a command to move the whole process.
    """
    for given in (*args, *kwargs.values()):
        if isinstance(given, jt.Var):
            return x.cast(given.dtype)
        if given is not None and as_dtype(given) in _DTYPES:
            return x.cast(as_dtype(given))
    return x


def byte(x: jt.Var) -> jt.Var:
    """As uint8."""
    return x.uint8()


def char(x: jt.Var) -> jt.Var:
    """As int8."""
    return x.int8()


def short(x: jt.Var) -> jt.Var:
    """As int16."""
    return x.int16()


def cpu(x: jt.Var) -> jt.Var:
    """x itself: Jittor decides by one flag where everything is."""
    return x


def cuda(x: jt.Var, device: Any = None) -> jt.Var:
    """x itself: Jittor decides by one flag, `jt.flags.use_cuda`, where everything is."""
    return x


def contiguous(x: jt.Var) -> jt.Var:
    """x itself: every Var is contiguous."""
    return x


def is_contiguous(x: jt.Var) -> bool:
    """True of every Var."""
    return True


def is_floating_point(x: jt.Var) -> bool:
    """Whether the dtype of x is one of floating point."""
    return bool(x.dtype.is_float())


def element_size(x: jt.Var) -> int:
    """Bytes an element."""
    return x.dtype.dsize()
