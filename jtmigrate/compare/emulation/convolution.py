"""Linear layers, convolutions, transposed convolutions and embeddings."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jtmigrate.compare.emulation.windows import pad, sizes, windows

Arrays = Mapping[str, np.ndarray]
Settings = Mapping[str, Any]


def linear(inputs: Sequence[np.ndarray], state: Arrays, settings: Settings) -> np.ndarray:
    """x @ weight.T + bias over the last dimension."""
    return inputs[0] @ state["weight"].T + state.get("bias", 0.0)


def convolution(inputs: Sequence[np.ndarray], state: Arrays, settings: Settings) -> np.ndarray:
    """(N, C, *spatial) -> (N, out, *positions); weight (out, C / groups, *kernel)."""
    x, weight = inputs[0], state["weight"]
    spatial = weight.ndim - 2
    stride, dilation = sizes(settings, "stride", spatial, 1), sizes(settings, "dilation", spatial, 1)
    widths = _widths(settings, weight.shape[2:], dilation)
    padded = pad(x, widths, settings.get("padding_mode", "zeros"))
    return _correlate(padded, weight, stride, dilation, settings.get("groups", 1)) + _bias(state, spatial)


def transposed_convolution(inputs: Sequence[np.ndarray], state: Arrays, settings: Settings) -> np.ndarray:
    """(N, C, *spatial) -> (N, out, *positions); weight (C, out / groups, *kernel)."""
    x, weight = inputs[0], state["weight"]
    spatial, groups = weight.ndim - 2, settings.get("groups", 1)
    kernel = weight.shape[2:]
    stride, dilation = sizes(settings, "stride", spatial, 1), sizes(settings, "dilation", spatial, 1)
    padding, extra = sizes(settings, "padding", spatial, 0), sizes(settings, "output_padding", spatial, 0)
    spread = np.zeros((*x.shape[:2], *((size - 1) * step + 1 for size, step in zip(x.shape[2:], stride, strict=True))))
    spread[(..., *(slice(None, None, step) for step in stride))] = x
    reach = [step * (size - 1) for size, step in zip(kernel, dilation, strict=True)]
    widths = [(far - cut, far - cut + more) for far, cut, more in zip(reach, padding, extra, strict=True)]
    grouped = weight.reshape(groups, -1, *weight.shape[1:]).swapaxes(1, 2)
    flipped = np.flip(grouped.reshape(-1, *grouped.shape[2:]), tuple(range(2, 2 + spatial)))
    return _correlate(pad(spread, widths), flipped, (1,) * spatial, dilation, groups) + _bias(state, spatial)


def embedding(inputs: Sequence[np.ndarray], state: Arrays, settings: Settings) -> np.ndarray:
    """Rows of weight (count, size) by index."""
    return state["weight"][inputs[0].astype(np.int64)]


def _correlate(
    x: np.ndarray, weight: np.ndarray, stride: Sequence[int], dilation: Sequence[int], groups: int
) -> np.ndarray:
    taken = windows(x, weight.shape[2:], stride, dilation)
    spatial = weight.ndim - 2
    batch, positions = taken.shape[0], taken.shape[2 : 2 + spatial]
    by_group = taken.reshape(batch, groups, -1, *taken.shape[2:])
    order = (1, 2, *range(3 + spatial, 3 + 2 * spatial), 0, *range(3, 3 + spatial))
    columns = by_group.transpose(order).reshape(groups, -1, batch * math.prod(positions))
    product = weight.reshape(groups, weight.shape[0] // groups, -1) @ columns
    return product.reshape(weight.shape[0], batch, *positions).swapaxes(0, 1)


def _widths(settings: Settings, kernel: Sequence[int], dilation: Sequence[int]) -> list[tuple[int, int]]:
    padding = settings.get("padding", 0)
    if padding == "same":
        totals = [step * (size - 1) for size, step in zip(kernel, dilation, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    if padding == "valid":
        return [(0, 0)] * len(kernel)
    return [(size, size) for size in sizes(settings, "padding", len(kernel), 0)]


def _bias(state: Arrays, spatial: int) -> np.ndarray | float:
    return state["bias"].reshape(-1, *(1,) * spatial) if "bias" in state else 0.0


LAYERS = {
    "Linear": linear,
    "Conv": convolution,
    "ConvTranspose": transposed_convolution,
    "Embedding": embedding,
}
