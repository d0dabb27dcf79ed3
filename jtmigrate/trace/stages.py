"""Functions that a trace shows as layers.

A loss or an assigner is no module, and a fault in it would be the whole model's. Marked with `@stage("assigner")`, in
both frameworks under the same name, its calls are recorded, compared and run alone like a module's.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import TypeVar

F = TypeVar("F", bound=Callable)
Watch = Callable[[str, Callable], Callable]
"""(name of a stage, its function) -> what is called instead."""

_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


def stage(name: str) -> Callable[[F], F]:
    """Decorator: a function whose calls a trace records under `name`, which no module's path may be.

    The decorated function has the name as its attribute `stage`.
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def called(*args, **kwargs):
            watch = _watch.get()
            return function(*args, **kwargs) if watch is None else watch(name, function)(*args, **kwargs)

        called.stage = name
        return called

    return decorate


@contextmanager
def stages_watched(watch: Watch) -> Iterator[None]:
    """Within the block, every call of a stage goes through `watch`."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)
