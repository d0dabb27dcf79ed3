"""Which elements of an image a pooling window covers, as tables of indices.

Tables are inputs of a kernel where geometry would be part of its source: Jittor compiles one kernel for all of them.
"""

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import jittor as jt
import numpy as np

from jtmigrate.parity.functional.numerics import array, constant


class Windows(NamedTuple):
    """index (O, K): the flat position of each of a window's elements; inside (O, K): whether it is in the image.

    size  (O1, O2, ...) with product O
    area  (O,): by how many elements an average divides
    """

    index: np.ndarray
    inside: np.ndarray
    size: tuple[int, ...]
    area: np.ndarray

    def take(self, x: jt.Var) -> jt.Var:
        """(..., *image) -> (rows, O, K), one row an image; elements outside are any number."""
        return x.reshape((-1, math.prod(x.shape[x.ndim - len(self.size) :])))[:, constant(self.index)]

    def mask(self) -> jt.Var:
        """`inside` as a Var (1, O, K)."""
        return constant(self.inside[None])

    def share(self, like: jt.Var) -> jt.Var:
        """(1, O, K): what each element counts in an average."""
        return array((self.inside / self.area[:, None])[None], like)


@lru_cache(maxsize=256)
def moving(
    image: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    ceil_mode: bool,
    count_include_pad: bool = True,
) -> Windows:
    """Windows of one size that move by the stride."""
    along = [
        _moving_along(*geometry, ceil_mode) for geometry in zip(image, kernel, stride, padding, dilation, strict=True)
    ]
    areas = [
        [min(start + taps, size + before) - start for start in starts]
        for (starts, _), size, taps, before in zip(along, image, kernel, padding, strict=True)
    ]
    positions = [places for _, places in along]
    windows = _combined(positions, image)
    if not count_include_pad:
        return windows
    return windows._replace(area=np.array([math.prod(area) for area in itertools.product(*areas)], np.float64))


@lru_cache(maxsize=256)
def adaptive(image: tuple[int, ...], output: tuple[int, ...]) -> Windows:
    """As many windows as asked for, which together cover the image and are as equal as they can be."""
    positions = []
    for size, count in zip(image, output, strict=True):
        bounds = [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]
        longest = max(end - start for start, end in bounds)
        positions.append([[start + k if start + k < end else -1 for k in range(longest)] for start, end in bounds])
    return _combined(positions, image)


def _moving_along(
    size: int, taps: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> tuple[list[int], list[list[int]]]:
    """Where the windows along one dimension start, and the positions that they cover."""
    reach = size + 2 * padding - dilation * (taps - 1) - 1
    count = (-(-reach // stride) if ceil_mode else reach // stride) + 1
    if ceil_mode and (count - 1) * stride >= size + padding:
        count -= 1  # the last window would start in the padding
    if count < 1:
        raise ValueError(f"pooling: a window of {taps} (dilation {dilation}) does not fit into {size} + 2 x {padding}")
    starts = [i * stride - padding for i in range(count)]
    return starts, [[start + k * dilation for k in range(taps)] for start in starts]


def _combined(positions: Sequence[Sequence[Sequence[int]]], image: tuple[int, ...]) -> Windows:
    """Of positions along each dimension, (O_d, K_d); outside the image or -1 is nothing."""
    size = tuple(len(places) for places in positions)
    dims = len(image)
    index, inside = np.zeros((1,) * 2 * dims, np.int64), np.ones((1,) * 2 * dims, bool)
    for dim, places in enumerate(positions):
        table = np.array(places)
        shape = [1] * 2 * dims
        shape[dim], shape[dims + dim] = table.shape
        table = table.reshape(shape)
        index = index * image[dim] + table.clip(0, image[dim] - 1)
        inside = inside & (table >= 0) & (table < image[dim])
    count = math.prod(size)
    index, inside = (np.ascontiguousarray(values).reshape(count, -1) for values in np.broadcast_arrays(index, inside))
    return Windows(index, inside, size, inside.sum(1).astype(np.float64))
