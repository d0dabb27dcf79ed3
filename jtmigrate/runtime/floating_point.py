"""Undoes what loading a Jittor kernel does to floating point arithmetic."""

import ctypes
import sys

FE_DFL_ENV = ctypes.c_void_p(-1)
"""C's default floating point environment, as glibc and musl spell it."""


def restore_subnormals() -> None:
    """Give the calling thread back the default floating point environment, in which 1e-40 is not 0.

    Jittor compiles with -Ofast, and loading such a kernel switches the thread that loads it to flush-to-zero:
    from then on numpy and torch lose subnormal numbers too. Every newly loaded kernel does it again, so call this
    after running Jittor code and before computing anything that is to be exact. Threads started meanwhile have
    inherited the mode and keep it. Does nothing outside Linux, where compilers have no such start-up code.
    """
    if sys.platform == "linux":
        ctypes.CDLL("libm.so.6").fesetenv(FE_DFL_ENV)
