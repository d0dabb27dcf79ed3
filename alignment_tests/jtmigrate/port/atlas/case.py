"""What a test of the atlas feeds to both frameworks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

Random = np.random.RandomState


class Call(NamedTuple):
    """Arguments in PyTorch's terms. Arrays become tensors, also inside lists, tuples and dicts.

    args, kwargs  of the function or method (the tensor first), or of a module's constructor
    inputs        of the module's own call
    """

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    inputs: tuple[Any, ...] = ()


def call(*args: Any, inputs: tuple[Any, ...] = (), **kwargs: Any) -> Call:
    """A call, written as one writes it."""
    return Call(args, kwargs, inputs)


@dataclass(frozen=True)
class Case:
    """One way of using a name, with numbers drawn anew for each seed.

    make        draws the arguments: shapes, options and values
    gradient    whether the result is differentiated towards every array of floating point
    training    of a module: its mode
    tolerances  largest error in terms of a tensor's maximum: some ten roundings, unless a case says why more
    """

    make: Callable[[Random], Call]
    gradient: bool = True
    training: bool = True
    float32: float = 2e-6
    float64: float = 1e-13
