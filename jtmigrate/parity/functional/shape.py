"""Padding, and what moves elements between channels and pixels."""

import math
from collections.abc import Sequence

import jittor as jt
import numpy as np

from jtmigrate.parity.functional import windows
from jtmigrate.parity.functional.numerics import constant, repeated, scalar

Size = int | Sequence[int]


def pad(input: jt.Var, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> jt.Var:
    """(before, after) for each dimension, the last one first; negative numbers cut off.

    Raises ValueError for an unknown mode.
    """
    pairs = [(0, 0)] * (input.ndim - len(pad) // 2) + list(zip(pad[::2], pad[1::2], strict=True))[::-1]
    x = input
    for dim, (before, after) in enumerate(pairs):
        if before or after:
            x = _pad_along(x, dim, before, after, mode, value or 0.0)
    return x


def _pad_along(x: jt.Var, dim: int, before: int, after: int, mode: str, value: float) -> jt.Var:
    size = x.shape[dim]
    positions = np.arange(-before, size + after)
    inside = (positions >= 0) & (positions < size)
    if mode == "reflect":
        positions = np.abs(positions)
        positions = np.where(positions >= size, 2 * (size - 1) - positions, positions)
    elif mode == "circular":
        positions = positions % size
    elif mode not in ("replicate", "constant"):
        raise ValueError(f"pad: mode is 'constant', 'reflect', 'replicate' or 'circular', not {mode!r}")
    padded = x[(slice(None),) * dim + (constant(positions.clip(0, size - 1)),)]
    if mode != "constant" or inside.all():
        return padded
    mask = constant(inside.reshape([-1 if d == dim else 1 for d in range(x.ndim)])).broadcast(padded.shape)
    return jt.ternary(mask, padded, jt.zeros_like(padded) + scalar(value, x))


def pixel_shuffle(input: jt.Var, upscale_factor: int) -> jt.Var:
    """(..., C * r * r, H, W) -> (..., C, H * r, W * r)."""
    *lead, channels, height, width = input.shape
    r = upscale_factor
    x = input.reshape((-1, channels // r**2, r, r, height, width)).permute(0, 1, 4, 2, 5, 3)
    return x.reshape((*lead, channels // r**2, height * r, width * r))


def pixel_unshuffle(input: jt.Var, downscale_factor: int) -> jt.Var:
    """(..., C, H * r, W * r) -> (..., C * r * r, H, W)."""
    *lead, channels, height, width = input.shape
    r = downscale_factor
    x = input.reshape((-1, channels, height // r, r, width // r, r)).permute(0, 1, 3, 5, 2, 4)
    return x.reshape((*lead, channels * r**2, height // r, width // r))


def channel_shuffle(input: jt.Var, groups: int) -> jt.Var:
    """The channels of all groups in turn: the first of each, then the second of each."""
    n, channels, *image = input.shape
    x = input.reshape((n, groups, channels // groups, -1)).permute(0, 2, 1, 3)
    return x.reshape((n, channels, *image))


def unfold(input: jt.Var, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1) -> jt.Var:
    """(N, C, H, W) -> (N, C * KH * KW, windows)."""
    kernel, dilation, padding, stride = (repeated(values, 2) for values in (kernel_size, dilation, padding, stride))
    covered = windows.moving(tuple(input.shape[-2:]), kernel, stride, padding, dilation, False)
    *lead, channels = input.shape[:-2]
    values = covered.take(input)
    values = jt.ternary(covered.mask().broadcast(values.shape), values, values * 0)
    values = values.reshape((-1, channels, *covered.index.shape)).permute(0, 1, 3, 2)
    return values.reshape((*lead, channels * covered.index.shape[1], covered.index.shape[0]))


def fold(
    input: jt.Var, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
) -> jt.Var:
    """(N, C * KH * KW, windows) -> (N, C, H, W): adds up what lies on the same pixel."""
    output, kernel, dilation, padding, stride = (
        repeated(values, 2) for values in (output_size, kernel_size, dilation, padding, stride)
    )
    covered = windows.moving(output, kernel, stride, padding, dilation, False)
    count, taps = covered.index.shape
    *lead, columns, _ = input.shape
    values = input.reshape((-1, taps, count)).permute(0, 2, 1)
    values = jt.ternary(covered.mask().broadcast(values.shape), values, values * 0).reshape((-1, count * taps))
    index = constant(covered.index.reshape(-1))
    total = values.reindex_reduce("add", (values.shape[0], math.prod(output)), ["i0", "@e0(i1)"], extras=[index])
    return total.reshape((*lead, columns // taps, *output))
