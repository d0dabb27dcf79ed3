"""Operators in C++ for the CPU, in float32: faster than what Jittor generates, and as accurate.

The functions and modules of `jtmigrate.parity` use them by themselves where they apply, and Jittor's own operators
everywhere else: in float64, on a GPU, with another compiler than g++, and inside `plain()`. Each is compiled
once, for all shapes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import jittor as jt

_PLAIN = ContextVar("plain", default=False)


@contextmanager
def plain() -> Iterator[None]:
    """Within it everything is computed by Jittor's own operators."""
    token = _PLAIN.set(True)
    try:
        yield
    finally:
        _PLAIN.reset(token)


def apply_to(*inputs: jt.Var) -> bool:
    """Whether these are computed by the operators of this package."""
    return (
        not _PLAIN.get()
        and not jt.flags.use_cuda
        and jt.flags.cc_type == "g++"
        and all(str(x.dtype) == "float32" for x in inputs)
    )
