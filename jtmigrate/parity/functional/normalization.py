"""Normalisation over the batch, channels or groups of them. Statistics are taken in two passes and in float64."""

import math
from collections.abc import Sequence

import jittor as jt

from jtmigrate.parity import kernels, normalization
from jtmigrate.parity.functional.numerics import inverse_std, mean, moments, per_channel, scalar, spread
from jtmigrate.parity.functional.shape import pad
from jtmigrate.parity.kernels.normalization import BatchNorm
from jtmigrate.parity.kernels.normalization import group_norm as fast_group_norm


def batch_norm(
    input: jt.Var,
    running_mean: jt.Var | None,
    running_var: jt.Var | None,
    weight: jt.Var | None = None,
    bias: jt.Var | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> jt.Var:
    """(N, C, ...) by the batch's statistics, which move the running ones, or by those. Rounds where PyTorch does.

    Raises ValueError for a single value a channel in training.
    """
    channels = input.shape[1]
    x = _as_images(input)
    weight = jt.ones((channels,)).cast(input.dtype) if weight is None else weight
    bias = jt.zeros((channels,)).cast(input.dtype) if bias is None else bias
    if not training:
        return normalization.by_running_statistics(x, running_mean, running_var, weight, bias, eps).reshape(input.shape)
    running = None if running_mean is None else (running_mean, running_var)
    fast = kernels.apply_to(x, weight, bias) and _one_a_channel(x, weight, bias)
    normalise = BatchNorm(eps) if fast else normalization.BatchNorm(eps)
    y = normalization.by_batch(x, normalise, running, weight, bias, momentum)
    return y if input.ndim == 4 else y.reshape(input.shape)


def instance_norm(
    input: jt.Var,
    running_mean: jt.Var | None = None,
    running_var: jt.Var | None = None,
    weight: jt.Var | None = None,
    bias: jt.Var | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> jt.Var:
    """(N, C, ...), each channel of each image by its own statistics, or by running ones."""
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    n, channels = input.shape[:2]
    ones = jt.ones((n * channels,)).cast(input.dtype)
    normalise = normalization.BatchNorm(eps)
    result = normalise(_as_images(input.reshape((1, n * channels, *input.shape[2:]))), ones, ones * 0)
    if running_mean is not None:
        count = input.numel() // (n * channels)
        unbiased = normalise.var * scalar(count / (count - 1), input)
        normalization.move(running_mean, normalise.mean.reshape((n, channels)).sum(0) / n, momentum)
        normalization.move(running_var, unbiased.reshape((n, channels)).sum(0) / n, momentum)
    result = result.reshape(input.shape)
    return result if weight is None else _affine(result, weight, bias)


def group_norm(
    input: jt.Var, num_groups: int, weight: jt.Var | None = None, bias: jt.Var | None = None, eps: float = 1e-5
) -> jt.Var:
    """(N, C, ...), each group of channels of each image by its own statistics."""
    x = _as_images(input)
    affine = weight is not None and bias is not None and num_groups > 0 and x.shape[1] % num_groups == 0
    if affine and kernels.apply_to(x, weight, bias) and _one_a_channel(x, weight, bias):
        y = fast_group_norm(x, num_groups, weight, bias, eps)
        return y if input.ndim == 4 else y.reshape(input.shape)
    n, c, h, w = x.shape
    grouped = x.reshape((n, num_groups, c // num_groups, h, w))
    _, deviation, var = moments(grouped, (3, 4, 2))
    normal = deviation * spread(inverse_std(var, eps).cast(x.dtype), grouped)
    normal = normal.reshape(x.shape)
    return (normal if weight is None else _affine(normal, weight, bias)).reshape(input.shape)


def layer_norm(
    input: jt.Var,
    normalized_shape: Sequence[int],
    weight: jt.Var | None = None,
    bias: jt.Var | None = None,
    eps: float = 1e-5,
) -> jt.Var:
    """(..., *normalized_shape), each by its own statistics."""
    x = input.reshape((-1, math.prod(normalized_shape)))
    _, deviation, var = moments(x, (1,))
    normal = (deviation * spread(inverse_std(var, eps).cast(x.dtype), x)).reshape(input.shape)
    normal = normal if weight is None else normal * weight
    return normal if bias is None else normal + bias


def rms_norm(
    input: jt.Var, normalized_shape: Sequence[int], weight: jt.Var | None = None, eps: float | None = None
) -> jt.Var:
    """(..., *normalized_shape), each divided by its root mean square."""
    eps = (2.0**-23 if str(input.dtype) == "float32" else 2.0**-52) if eps is None else eps
    x = input.reshape((-1, math.prod(normalized_shape)))
    normal = (x * spread(inverse_std(mean(x * x, (1,)), eps).cast(x.dtype), x)).reshape(input.shape)
    return normal if weight is None else normal * weight


def local_response_norm(input: jt.Var, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1.0) -> jt.Var:
    """(N, C, ...), divided by a power of the mean square over `size` neighbouring channels."""
    squares = input * input
    padded = pad(squares, [0, 0] * (input.ndim - 2) + [size // 2, (size - 1) // 2])
    channels = input.shape[1]
    total = sum(padded[:, start : start + channels] for start in range(size))
    base = total * scalar(alpha / size, input) + scalar(k, input)
    return input / base ** scalar(beta, input)


def _affine(x: jt.Var, weight: jt.Var, bias: jt.Var | None) -> jt.Var:
    """x * weight + bias, one number of each a channel."""
    images = _as_images(x)
    y = images * spread(per_channel(weight), images)
    return (y if bias is None else y + spread(per_channel(bias), images)).reshape(x.shape)


def _one_a_channel(x: jt.Var, *values: jt.Var) -> bool:
    return all(tuple(each.shape) == (x.shape[1],) for each in values)


def _as_images(x: jt.Var) -> jt.Var:
    """(N, C, ...) -> (N, C, H, W)."""
    n, c, *image = x.shape
    return x if len(image) == 2 else x.reshape((n, c, math.prod(image[:-1]), image[-1] if image else 1))
