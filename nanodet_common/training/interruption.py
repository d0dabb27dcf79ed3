"""Ctrl-C as a wish that is granted at a good moment."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
"""SIGUSR1, because `mpirun` hands that one on and waits; of SIGINT it makes SIGTERM, and SIGKILL a moment later."""


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """A function that tells whether somebody wants the program to end: pressed Ctrl-C, or sent it SIGTERM or
    SIGUSR1.

    The second time, it ends at once by a KeyboardInterrupt. Does nothing outside the main thread, where Python cannot
    set handlers.
    """
    wanted = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal wanted
        if wanted:
            raise KeyboardInterrupt
        wanted = True

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield lambda: wanted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Interrupted(Exception):
    """Something long was given up because somebody wants the program to end."""


class Enough(Interrupted):
    """As many steps are done as were asked for."""
