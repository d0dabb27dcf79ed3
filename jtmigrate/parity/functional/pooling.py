"""Pools over (N, C, ...) or (C, ...).

Stock Jittor's differ from PyTorch with ceil_mode, count_include_pad=False, and where adaptive windows do not divide the
image; the kernel may not be as large as the image, and there is no dilation.
"""

import math
from collections.abc import Sequence
from functools import partial

import jittor as jt

from jtmigrate.parity import kernels
from jtmigrate.parity.functional import windows
from jtmigrate.parity.functional.numerics import constant, mean, pow, repeated, scalar
from jtmigrate.parity.functional.vectors import root
from jtmigrate.parity.kernels.pooling import MaxPool2d

Size = int | Sequence[int]
OutputSize = int | None | Sequence[int | None]


def _max_pool(
    dims: int,
    input: jt.Var,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> jt.Var | tuple[jt.Var, jt.Var]:
    """The largest element of each window, the first of equal ones; with its flat position where asked for."""
    kernel, padding, dilation = (repeated(values, dims) for values in (kernel_size, padding, dilation))
    stride = kernel if stride is None else repeated(stride, dims)
    image = tuple(input.shape[-dims:])
    stock_fits = dims == 2 and input.ndim == 4 and not (ceil_mode or return_indices) and set(dilation) == {1}
    square = len({*kernel}) == len({*stride}) == len({*padding}) == 1
    within = stride[0] > 0 and 0 <= 2 * padding[0] <= kernel[0] <= min(image) + 2 * padding[0] and kernel[0] > 0
    if stock_fits and square and within and kernels.apply_to(input):
        return MaxPool2d(kernel[0], stride[0], padding[0])(input)
    if stock_fits and all(size > taps for size, taps in zip(image, kernel, strict=True)):
        return jt.nn.Pool(kernel, stride, padding, op="maximum")(input)
    covered = windows.moving(image, kernel, stride, padding, dilation, ceil_mode)
    return _largest(input, covered, return_indices)


def _largest(input: jt.Var, covered: windows.Windows, return_indices: bool) -> jt.Var | tuple[jt.Var, jt.Var]:
    shape = (*input.shape[: input.ndim - len(covered.size)], *covered.size)
    values = covered.take(input)
    if not covered.inside.all():
        lowest = values * 0 - scalar(3e38, input)
        values = jt.ternary(covered.mask().broadcast(values.shape), values, lowest)
    place, largest = values.argmax(-1)
    if not return_indices:
        return largest.reshape(shape)
    index = constant(covered.index[None]).broadcast(values.shape).gather(-1, place.unsqueeze(-1))
    return largest.reshape(shape), index.reshape(shape)


def _avg_pool(
    dims: int,
    input: jt.Var,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> jt.Var:
    """The mean of each window."""
    kernel, padding = repeated(kernel_size, dims), repeated(padding, dims)
    stride = kernel if stride is None or stride == () else repeated(stride, dims)
    image = tuple(input.shape[-dims:])
    covered = windows.moving(image, kernel, stride, padding, (1,) * dims, ceil_mode, count_include_pad)
    if divisor_override is not None:
        covered = covered._replace(area=covered.area * 0 + divisor_override)
    return _average(input, covered)


def _average(input: jt.Var, covered: windows.Windows) -> jt.Var:
    shape = (*input.shape[: input.ndim - len(covered.size)], *covered.size)
    return (covered.take(input) * covered.share(input)).sum(-1).reshape(shape)


def _adaptive_avg_pool(dims: int, input: jt.Var, output_size: OutputSize) -> jt.Var:
    """The means of windows that share the image out evenly."""
    output = _output(dims, input, output_size)
    if set(output) == {1}:
        return mean(input, tuple(range(input.ndim - dims, input.ndim))).cast(input.dtype)
    return _average(input, windows.adaptive(tuple(input.shape[-dims:]), output))


def _adaptive_max_pool(
    dims: int, input: jt.Var, output_size: OutputSize, return_indices: bool = False
) -> jt.Var | tuple[jt.Var, jt.Var]:
    """The largest elements of windows that share the image out evenly."""
    covered = windows.adaptive(tuple(input.shape[-dims:]), _output(dims, input, output_size))
    return _largest(input, covered, return_indices)


def _output(dims: int, input: jt.Var, output_size: OutputSize) -> tuple[int, ...]:
    """The output's size; None leaves a dimension as it is."""
    wanted = (output_size,) * dims if output_size is None or isinstance(output_size, int) else tuple(output_size)
    return tuple(have if want is None else want for have, want in zip(input.shape[-dims:], wanted, strict=True))


def _lp_pool(
    dims: int, input: jt.Var, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> jt.Var:
    """The p-norm of each window; one that reaches beyond the image counts as much as a whole one."""
    average = _avg_pool(dims, pow(input, norm_type), kernel_size, stride, 0, ceil_mode)
    return root(average * math.prod(repeated(kernel_size, dims)), norm_type)


max_pool1d, max_pool2d, max_pool3d = (partial(_max_pool, dims) for dims in (1, 2, 3))
avg_pool1d, avg_pool2d, avg_pool3d = (partial(_avg_pool, dims) for dims in (1, 2, 3))
lp_pool1d, lp_pool2d = (partial(_lp_pool, dims) for dims in (1, 2))
adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = (partial(_adaptive_avg_pool, d) for d in (1, 2, 3))
adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = (partial(_adaptive_max_pool, d) for d in (1, 2, 3))
