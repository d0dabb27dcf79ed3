"""Undoes what importing Jittor leaves behind in the process."""

import atexit
import signal
import sys
import threading


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
