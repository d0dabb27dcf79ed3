"""Pools. Settings that no framework has, but a port may act by:

pads_with        what a max pool sees beyond the border: "-inf", as in PyTorch, or "zeros"
keeps_overhang   with ceil_mode, windows that begin in the padding after the end are kept (PyTorch drops them)
even_windows     an adaptive pool has windows of one size at equal distances (PyTorch's differ by one)
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from jtmigrate.compare.emulation.windows import pad, sizes, windows

Arrays = Mapping[str, np.ndarray]
Settings = Mapping[str, Any]


def max_pool(inputs: Sequence[np.ndarray], state: Arrays, settings: Settings) -> np.ndarray:
    """The largest value of every window."""
    x = inputs[0]
    kernel, stride, padding, dilation = _geometry(x, settings)
    widths = [(width, width) for width in padding]
    padded = pad(x, widths, value=0.0 if settings.get("pads_with") == "zeros" else -np.inf)
    overhang = _overhang(x.shape[2:], kernel, stride, padding, dilation, settings)
    return _reduce(pad(padded, overhang, value=-np.inf), kernel, stride, dilation, np.max)


def average_pool(inputs: Sequence[np.ndarray], state: Arrays, settings: Settings) -> np.ndarray:
    """The mean of every window; padding counts with `count_include_pad`, what lies beyond it never does."""
    x = inputs[0]
    kernel, stride, padding, dilation = _geometry(x, settings)
    widths = [(width, width) for width in padding]
    overhang = _overhang(x.shape[2:], kernel, stride, padding, dilation, settings)
    includes = settings.get("count_include_pad", True)
    weights = pad(pad(np.ones((1, 1, *x.shape[2:])), widths, value=float(includes)), overhang)
    totals = _reduce(pad(pad(x, widths), overhang), kernel, stride, dilation, np.sum)
    counts = _reduce(weights, kernel, stride, dilation, np.sum)
    return totals / (settings.get("divisor_override") or counts)


def adaptive_max_pool(inputs: Sequence[np.ndarray], state: Arrays, settings: Settings) -> np.ndarray:
    """The largest value of every part."""
    return _adaptive(inputs[0], settings, np.max)


def adaptive_average_pool(inputs: Sequence[np.ndarray], state: Arrays, settings: Settings) -> np.ndarray:
    """The mean of every part."""
    return _adaptive(inputs[0], settings, np.mean)


def _geometry(x: np.ndarray, settings: Settings) -> tuple[tuple[int, ...], ...]:
    spatial = x.ndim - 2
    kernel = sizes(settings, "kernel_size", spatial, 1)
    rest = (sizes(settings, name, spatial, default) for name, default in (("padding", 0), ("dilation", 1)))
    return kernel, sizes(settings, "stride", spatial, kernel), *rest


def _overhang(
    size: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    settings: Settings,
) -> list[tuple[int, int]]:
    """How far the last windows reach beyond the padding; nothing without ceil_mode."""
    if not settings.get("ceil_mode", False):
        return [(0, 0)] * len(size)
    widths = []
    for length, taps, step, width, distance in zip(size, kernel, stride, padding, dilation, strict=True):
        reach = distance * (taps - 1) + 1
        count = -(-(length + 2 * width - reach) // step) + 1
        if (count - 1) * step >= length + width and not settings.get("keeps_overhang", False):
            count -= 1
        widths.append((0, max(0, (count - 1) * step + reach - length - 2 * width)))
    return widths


def _reduce(
    x: np.ndarray, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int], reduction: Callable
) -> np.ndarray:
    taken = windows(x, kernel, stride, dilation)
    return reduction(taken, axis=tuple(range(taken.ndim - len(kernel), taken.ndim)))


def _adaptive(x: np.ndarray, settings: Settings, reduction: Callable) -> np.ndarray:
    spatial = x.ndim - 2
    for axis, wanted in enumerate(sizes(settings, "output_size", spatial, 1), start=2):
        size = x.shape[axis]
        count = size if wanted is None else wanted
        if settings.get("even_windows", False):
            step = size // count
            edges = [(index * step, index * step + size - (count - 1) * step) for index in range(count)]
        else:
            edges = [(index * size // count, -(-(index + 1) * size // count)) for index in range(count)]
        parts = [reduction(x.take(range(first, last), axis), axis, keepdims=True) for first, last in edges]
        x = np.concatenate(parts, axis)
    return x


LAYERS = {
    "MaxPool": max_pool,
    "AvgPool": average_pool,
    "AdaptiveMaxPool": adaptive_max_pool,
    "AdaptiveAvgPool": adaptive_average_pool,
}
