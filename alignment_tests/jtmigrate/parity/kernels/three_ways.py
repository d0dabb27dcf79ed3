"""An operator of `jtmigrate.parity.kernels` against Jittor's own operators and against PyTorch, forward and backward.

A distance is that of the furthest element, in terms of the largest one. Two limits, for all tests of this folder:

- `OUTPUT` = 1e-6, some ten roundings of float32, for outputs and for gradients by what was put in.
- `SUMMED` = 5e-6 for gradients by weights: sums over all pixels of all images, which PyTorch and Jittor take in float32
  too, each in another order.

How accurate an operator is does not follow from two float32 results. So it is held against PyTorch in float64 too, from
which it may be `OUTPUT` away, or as far as PyTorch's float32 is, whichever is more. Then the two float32 results may be
twice as far apart.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import jittor as jt
import numpy as np
import torch
from hypothesis import settings

from jtmigrate.parity import kernels
from jtmigrate.parity.kernels.call import FOLDER

OUTPUT, SUMMED = 1e-6, 5e-6

Function = Callable[..., Any]


def drawing(examples: int) -> settings:
    """The same examples in every run."""
    return settings(max_examples=examples, deadline=None, derandomize=True, database=None)


def normal(*shape: int, mean: float = 0.0, scale: float = 1.0, seed: int = 0) -> np.ndarray:
    """Random float32 values."""
    values = np.random.default_rng([seed, *shape]).standard_normal(shape) * scale + mean
    return values.astype(np.float32)


@contextmanager
def operators() -> Iterator[list[str]]:
    """The headers of the operators that are called within the block, one for each call."""
    called: list[str] = []
    code = jt.code

    def record(*args: Any, **options: Any) -> Any:
        # Jittor's own operators come here as well.
        called.extend(re.findall(rf'{re.escape(str(FOLDER))}/(\w+)\.h"\s*$', options.get("cpu_header", "")))
        return code(*args, **options)

    with patch.object(jt, "code", record):
        yield called


def assert_without(header: str, function: Callable[[], Any]) -> None:
    """The function does not call operators of this header. Nothing is computed."""
    with operators() as called:
        function()
    assert header not in called


def in_jittor(function: Function, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Outputs, then the gradients by every array of their sum, weighted by random numbers."""
    inputs = [jt.array(array) for array in arrays]
    outputs = _several(function(*inputs))
    total = sum((y * jt.array(_direction(i, y.shape))).sum() for i, y in enumerate(outputs))
    return jt.fetch_sync([*outputs, *jt.grad(total, inputs)])


def in_torch(function: Function, arrays: Sequence[np.ndarray], dtype: str = "float32") -> list[np.ndarray]:
    """As `in_jittor`."""
    inputs = [torch.tensor(array.astype(dtype), requires_grad=True) for array in arrays]
    outputs = _several(function(*inputs))
    total = sum(
        (y * torch.from_numpy(_direction(i, tuple(y.shape)).astype(dtype))).sum() for i, y in enumerate(outputs)
    )
    gradients = torch.autograd.grad(total, inputs)
    return [values.detach().numpy() for values in (*outputs, *gradients)]


def distance(found: np.ndarray, expected: np.ndarray) -> float:
    """Of the furthest element, in terms of the largest."""
    assert found.shape == expected.shape
    return float(np.abs(found.astype(np.float64) - expected).max() / max(np.abs(expected).max(), 1e-30))


def assert_three_ways(
    port: Function,
    original: Function,
    *arrays: np.ndarray,
    header: str | tuple[str, ...],
    summed: Sequence[int] = (),
    plain: bool = True,
    limit: float = OUTPUT,
) -> None:
    """Operators of `header`, and no others, give what PyTorch does, and what they do within `kernels.plain()`.

    summed: places of those arrays, the gradients by which are sums over pixels and images.
    plain: whether to compare with Jittor's own operators, which compiles some for every new option.
    limit: in place of `OUTPUT`.
    """
    with operators() as called:
        found = in_jittor(port, arrays)
    assert set(called) == ({header} if isinstance(header, str) else {*header})
    single, truth = (in_torch(original, arrays, dtype) for dtype in ("float32", "float64"))
    outputs = len(found) - len(arrays)
    limits = [SUMMED if place - outputs in summed else limit for place in range(len(found))]
    for place, (own, theirs, exact) in enumerate(zip(found, single, truth, strict=True)):
        noise = distance(theirs, exact)
        assert distance(own, exact) <= max(limit, noise), f"from the truth, number {place}"
        assert distance(own, theirs) <= max(limits[place], 2 * noise), f"from PyTorch, number {place}"
    if plain:
        with kernels.plain():
            stock = in_jittor(port, arrays)
        for place, (own, other) in enumerate(zip(found, stock, strict=True)):
            assert distance(own, other) <= limits[place], f"from Jittor, number {place}"


def _several(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def _direction(place: int, shape: Sequence[int]) -> np.ndarray:
    return normal(*shape, seed=1000 + place)
