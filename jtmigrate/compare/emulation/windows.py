"""Sliding windows: what convolutions and pools have in common."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

PADDING_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
"""PyTorch's names of what lies beyond the border -> numpy's."""


def sizes(settings: Mapping[str, Any], name: str, spatial: int, default: Any) -> tuple[int, ...]:
    """A setting once for every spatial dimension."""
    value = settings.get(name, default)
    value = default if value is None else value
    return tuple(value) if isinstance(value, tuple | list) else (value,) * spatial


def pad(x: np.ndarray, widths: Sequence[tuple[int, int]], mode: str = "zeros", value: float = 0.0) -> np.ndarray:
    """`x` with its last dimensions widened by (before, after) each."""
    if not any(before or after for before, after in widths):
        return x
    full = [(0, 0)] * (x.ndim - len(widths)) + list(widths)
    return np.pad(x, full, PADDING_MODES[mode], **({"constant_values": value} if mode == "zeros" else {}))


def windows(x: np.ndarray, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> np.ndarray:
    """(N, C, *spatial) -> (N, C, *positions, *kernel)."""
    spatial = len(kernel)
    reach = tuple(step * (size - 1) + 1 for size, step in zip(kernel, dilation, strict=True))
    view = sliding_window_view(x, reach, axis=tuple(range(x.ndim - spatial, x.ndim)))
    positions = tuple(slice(None, None, step) for step in stride)
    taps = tuple(slice(None, None, step) for step in dilation)
    return view[(..., *positions, *taps)]
