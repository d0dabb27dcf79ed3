"""What a test of the atlas feeds to both frameworks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

Random = np.random.RandomState


class Call(NamedTuple):
    """Arguments in PyTorch's terms, also inside lists, tuples and dicts: arrays become tensors, a `Named` its object.

    args, kwargs          of the function or method (the tensor first), or of a module's constructor
    inputs, named_inputs  of the module's own call
    """

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    inputs: tuple[Any, ...] = ()
    named_inputs: Mapping[str, Any] = {}


def call(
    *args: Any, inputs: tuple[Any, ...] = (), named_inputs: Mapping[str, Any] | None = None, **kwargs: Any
) -> Call:
    """A call, written as one writes it."""
    return Call(args, kwargs, inputs, named_inputs or {})


@dataclass(frozen=True)
class Named:
    """An argument that is a thing of PyTorch's: `torch.float64`, or `torch.nn.Linear(3, 4)`. It has to be in the atlas.

    torch   its full name
    called  the call that makes it; None where the thing itself is meant
    """

    torch: str
    called: Call | None = None


def made(torch: str, *args: Any, **kwargs: Any) -> Named:
    """What calling the thing with this name gives: made("torch.nn.Linear", 3, 4)."""
    return Named(torch, Call(args, kwargs))


@dataclass(frozen=True)
class Case:
    """One way of using a name, with numbers drawn anew for each seed.

    make        draws the arguments: shapes, options and values
    gradient    whether the result is differentiated towards every array of floating point
    training    of a module: its mode
    frozen      names of arguments that PyTorch does not differentiate towards
    values      whether values are compared, or, of random ones, dtypes and shapes only
    tolerances  largest error in terms of a tensor's maximum: some ten roundings, unless a case says why more
    """

    make: Callable[[Random], Call]
    gradient: bool = True
    training: bool = True
    values: bool = field(default=True, kw_only=True)
    frozen: tuple[str, ...] = field(default=(), kw_only=True)
    float32: float = 2e-6
    float64: float = 1e-13
