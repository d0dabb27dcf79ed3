"""Undoes what importing Jittor leaves behind in the process."""

import atexit
import signal
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from jtmigrate.runtime.compiling_threads import take_turns_at_compiling
from jtmigrate.runtime.floating_point import restore_subnormals
from jtmigrate.runtime.kernel_compiler import compile_kernels_faster
from jtmigrate.runtime.preparation import prepare


@contextmanager
def import_of_jittor() -> Iterator[None]:
    """`with import_of_jittor(): import jittor`: prepares the import, settles the process after it, and has kernels
    compiled faster and without a race.

    Jittor sets Python's limit of recursion to a million, at which deeply nested input crashes the process instead of
    raising RecursionError, and lets every HTTPS connection of the process pass without a look at its certificate.
    Both are put back to what they were before; where Jittor has been imported already, nobody knows what they were.
    Raises UserError as `prepare` does.
    """
    prepare()
    limit, context = sys.getrecursionlimit(), ssl._create_default_https_context
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
        ssl._create_default_https_context = context
    settle()
    take_turns_at_compiling()
    compile_kernels_faster()
    restore_subnormals()


def settle() -> None:
    """Make Ctrl-C a KeyboardInterrupt again; call it after `import jittor`, in the main thread.

    Jittor's signal handlers end the process at once, with exit code 1 and without cleaning up: on SIGINT always, on
    SIGCHLD where a child was killed or stopped. Python's are put back. And the processes with which Jittor compiles
    during its import are ended: they would die of Ctrl-C before the parent, whose exit then waits for ever for a lock
    that one of them held. Jittor starts new ones when it needs them. Does nothing in other threads, where Python cannot
    set handlers.
    """
    if threading.current_thread() is threading.main_thread():
        _restore_handlers()
        _end_compilers()


def _restore_handlers() -> None:
    for number in (signal.SIGINT, signal.SIGCHLD):
        # Python does not know that its handler was replaced, so it still tells the one that belongs here.
        signal.signal(number, signal.getsignal(number) or signal.SIG_DFL)


def _end_compilers() -> None:
    utilities = sys.modules.get("jittor_utils")
    if utilities is not None and utilities.pool_size > 0:
        atexit.unregister(utilities.pool_cleanup)
        utilities.pool_cleanup()
        utilities.pool_size = 0
