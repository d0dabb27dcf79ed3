"""Changing the size of images, one dimension after the other."""

import math
from collections.abc import Sequence

import jittor as jt
import numpy as np

from jtmigrate.parity import kernels
from jtmigrate.parity.functional import pooling
from jtmigrate.parity.functional.numerics import array, constant
from jtmigrate.parity.kernels.resizing import Bilinear

LINEAR = {"linear": 1, "bilinear": 2, "trilinear": 3}
CUBIC = -0.75
"""The parameter of the cubic kernel that PyTorch shares with OpenCV."""


def interpolate(
    input: jt.Var,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> jt.Var:
    """(N, C, ...) to another size, given as such or as factors.

    Raises ValueError for an unknown mode or if not exactly one of size and scale_factor is given, and
    NotImplementedError for antialias.
    """
    dims = input.ndim - 2
    if (size is None) == (scale_factor is None):
        raise ValueError("interpolate: give either size or scale_factor")
    if antialias:
        raise NotImplementedError("interpolate: antialias is not here")
    image = tuple(input.shape[2:])
    factors = None if scale_factor is None else _each(scale_factor, dims)
    wanted = (
        _each(size, dims)
        if factors is None
        else tuple(math.floor(have * factor) for have, factor in zip(image, factors, strict=True))
    )
    if mode == "area":
        return pooling._adaptive_avg_pool(dims, input, wanted)
    if recompute_scale_factor:
        factors = None
    if mode == "bilinear" and not align_corners and _is_power_of_two(image, wanted, factors):
        if kernels.apply_to(input):
            return Bilinear(wanted)(input)
        return jt.nn.interpolate(input, size=wanted, mode="bilinear", align_corners=False)
    x = input
    for dim, (have, want) in enumerate(zip(image, wanted, strict=True)):
        step = have / want if factors is None else 1 / factors[dim]
        if (have, step) != (want, 1):
            x = _along(x, dim + 2, *_weights(mode, dims, have, want, step, bool(align_corners)))
    return x


def _each(values: float | Sequence[float], dims: int) -> tuple[float, ...]:
    return (values,) * dims if isinstance(values, int | float) else tuple(values)


def _is_power_of_two(image: tuple[int, ...], wanted: tuple[int, ...], factors: tuple[float, ...] | None) -> bool:
    """Whether all is enlarged by 2, 4, 8 ...: Jittor's own two-dimensional bilinear interpolation is exact then."""
    ratios = [want / have for have, want in zip(image, wanted, strict=True)]
    return list(factors or ratios) == ratios and all(math.frexp(ratio)[0] == 0.5 and ratio >= 1 for ratio in ratios)


def _weights(
    mode: str, dims: int, have: int, want: int, step: float, align_corners: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """Which K positions each of the new ones is made of, (want, K), and with which weights."""
    new = np.arange(want, dtype=np.float64)
    if mode in ("nearest", "nearest-exact"):
        # PyTorch computes these positions in float32, also for float64 images.
        moved = new if mode == "nearest" else new + 0.5
        at = np.floor(moved.astype(np.float32) * np.float32(step)).astype(np.int64)
        return at.clip(0, have - 1)[:, None], None
    at = new * (have - 1) / max(want - 1, 1) if align_corners else (new + 0.5) * step - 0.5
    if LINEAR.get(mode) == dims:
        at = at.clip(0)
        low = np.floor(at).clip(max=have - 1)
        part = (at - low).clip(0, 1)
        return np.stack([low, low + 1], 1).astype(np.int64).clip(0, have - 1), np.stack([1 - part, part], 1)
    if mode == "bicubic" and dims == 2:
        low = np.floor(at)
        distance = np.abs((at - low)[:, None] - np.arange(-1, 3))
        near = ((CUBIC + 2) * distance - (CUBIC + 3)) * distance**2 + 1
        far = ((distance - 5) * distance + 8) * distance * CUBIC - 4 * CUBIC
        index = (low[:, None] + np.arange(-1, 3)).astype(np.int64).clip(0, have - 1)
        return index, np.where(distance <= 1, near, far)
    raise ValueError(f"interpolate: mode {mode!r} is unknown for images of {dims} dimensions")


def _along(x: jt.Var, dim: int, index: np.ndarray, weights: np.ndarray | None) -> jt.Var:
    """One dimension made of weighted positions: index and weights (O, K)."""
    before = (slice(None),) * dim
    if weights is None:
        return x[(*before, constant(index[:, 0]))]
    taps = x[(*before, constant(index))]
    shape = [1] * taps.ndim
    shape[dim : dim + 2] = weights.shape
    return (taps * array(weights.reshape(shape), x)).sum(dim + 1)
