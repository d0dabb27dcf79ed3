"""Keeps the threads in which Jittor compiles its kernels out of each other's way."""

import ctypes
import sys
from pathlib import Path

from jtmigrate.runtime.gxx import compiled, flags_of_jittor, folder_for

SOURCE = Path(__file__).with_name("taking_turns.cc")
HOOK = "_ZN6jittor15do_compile_hookE"
"""jittor::do_compile_hook, the function that compiles a kernel in place of Jittor's own; none by default."""


def take_turns_at_compiling() -> None:
    """Make them change Jittor's graph one at a time; `taking_turns.cc` says why.

    Call it after `import jittor`, as often as you like. The first time it compiles a library, in some five seconds,
    into Jittor's cache folder. Leaves everything as it is with CUDA or another compiler than g++; where g++ cannot
    compile it, kernels are compiled in one thread.
    """
    flags = flags_of_jittor()
    if flags is None:
        return
    core = sys.modules["jittor_core"].__file__
    if ctypes.c_void_p.in_dll(ctypes.CDLL(core), HOOK):
        return
    library = folder_for(flags, SOURCE.read_text()) / "taking_turns.so"
    if library.exists() or compiled(flags, library, "-shared", "-x", "c++", str(SOURCE), "-x", "none", core):
        ctypes.CDLL(str(library)).take_turns()
    else:
        flags.use_parallel_op_compiler = 0
