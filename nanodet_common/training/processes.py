"""Several processes that train one detector, each with its share of every batch."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from jtmigrate.errors import UserError
from nanodet_common.training.interruption import Interrupted

T = TypeVar("T")


class Processes(Protocol):
    """This process and those that it works with. All of them exchange the same things in the same order.

    rank  number of this process, from 0; the first one writes files
    size  how many there are
    """

    @property
    def rank(self) -> int: ...

    @property
    def size(self) -> int: ...

    def sum(self, array: np.ndarray) -> np.ndarray:
        """The arrays of all processes, of the same shape and dtype, added up: the same bits everywhere."""

    def gather(self, value: Any) -> list[Any]:
        """What every process gave, in the order of their numbers; anything that can be pickled."""


@dataclass(frozen=True)
class OneProcess:
    """No other process."""

    rank: int = 0
    size: int = 1

    def sum(self, array: np.ndarray) -> np.ndarray:
        return array

    def gather(self, value: Any) -> list[Any]:
        return [value]


ALONE = OneProcess()

Join = Callable[[], AbstractContextManager[Processes]]
"""Finds the processes that were started together with this one; within the block they can exchange something."""


def in_agreement(processes: Processes, work: Callable[[], T]) -> T:
    """What `work` returns in this process, once it has succeeded in all of them.

    Where it raises UserError or Interrupted in some, all raise what the first of them did: nobody waits for one that
    has given up. Any other exception ends its process, and whoever started the processes then ends the others.
    """
    result, failure = None, None
    try:
        result = work()
    except (UserError, Interrupted) as error:
        if processes.size == 1:
            raise
        failure = error
    for one in processes.gather(failure):
        if one is not None:
            raise one
    return result
