"""Ctrl-C as a wish that is granted at a good moment."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
"""SIGUSR1, because `mpirun` hands that one on and waits; of SIGINT it makes SIGTERM, and SIGKILL a moment later."""
ONCE = "interrupted: finishing the step and saving; once more to stop at once"
TWICE = "stopped at once: everything since the last checkpoint is lost"


@contextmanager
def interruptible(*, tell: bool = True) -> Iterator[Callable[[], bool]]:
    """A function that tells whether somebody wants the program to end: pressed Ctrl-C, or sent it SIGTERM or
    SIGUSR1.

    The second time, it ends at once by a KeyboardInterrupt. With `tell`, stderr says so each time. Does nothing outside
    the main thread, where Python cannot set handlers.
    """
    wanted = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal wanted
        if tell:
            _say(TWICE if wanted else ONCE)
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


def _say(line: str) -> None:
    # Python forbids to print where a signal comes in the middle of another print.
    with suppress(RuntimeError):
        print(line, file=sys.stderr, flush=True)


class Interrupted(Exception):
    """Something long was given up because somebody wants the program to end."""


class Enough(Interrupted):
    """As many steps are done as were asked for."""
