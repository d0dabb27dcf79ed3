"""Enlarging and shrinking, and moving channels into space."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jtmigrate.compare.emulation.windows import sizes

Arrays = Mapping[str, np.ndarray]
Settings = Mapping[str, Any]
LINEAR = ("linear", "bilinear", "trilinear")


def upsample(inputs: Sequence[np.ndarray], state: Arrays, settings: Settings) -> np.ndarray:
    """Nearest or linear, one dimension after the other; "size_ratio" ignores a given factor as Jittor does."""
    x = inputs[0]
    spatial = x.ndim - 2
    mode = settings.get("mode", "nearest")
    if mode != "nearest" and mode not in LINEAR:
        raise ValueError(f"mode {mode} is not emulated")
    for axis in range(2, x.ndim):
        size, factor = x.shape[axis], None
        if settings.get("size") is not None:
            count = sizes(settings, "size", spatial, None)[axis - 2]
        else:
            factor = sizes(settings, "scale_factor", spatial, 1)[axis - 2]
            count = int(size * factor)
        ratio = size / count if factor is None or settings.get("size_ratio", False) else 1 / factor
        if mode == "nearest":
            x = x.take(np.minimum((np.arange(count) * ratio).astype(int), size - 1), axis)
        else:
            x = _linear(x, axis, _places(size, count, ratio, settings.get("align_corners") or False))
    return x


def _places(size: int, count: int, ratio: float, align_corners: bool) -> np.ndarray:
    """Where the new values lie on the old grid."""
    if align_corners:
        return np.linspace(0, size - 1, count) if count > 1 else np.zeros(1)
    return np.clip((np.arange(count) + 0.5) * ratio - 0.5, 0, size - 1)


def _linear(x: np.ndarray, axis: int, places: np.ndarray) -> np.ndarray:
    before = np.minimum(places.astype(int), x.shape[axis] - 1)
    after = np.minimum(before + 1, x.shape[axis] - 1)
    share = (places - before).reshape(-1, *(1,) * (x.ndim - axis - 1))
    return x.take(before, axis) * (1 - share) + x.take(after, axis) * share


def pixel_shuffle(inputs: Sequence[np.ndarray], state: Arrays, settings: Settings) -> np.ndarray:
    """(N, C * r * r, H, W) -> (N, C, H * r, W * r)."""
    (n, c, h, w), r = inputs[0].shape, settings["upscale_factor"]
    parts = inputs[0].reshape(n, c // (r * r), r, r, h, w)
    return parts.transpose(0, 1, 4, 2, 5, 3).reshape(n, c // (r * r), h * r, w * r)


LAYERS = {
    "Upsample": upsample,
    "UpsamplingBilinear": upsample,
    "UpsamplingNearest": upsample,
    "PixelShuffle": pixel_shuffle,
}
