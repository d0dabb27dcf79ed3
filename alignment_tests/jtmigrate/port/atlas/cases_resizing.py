"""Padding, resizing, and what moves elements between channels and pixels."""

from typing import Any

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import Case, Random, call

MODULE, FUNCTION = "torch.nn.", "torch.nn.functional."
BY_SCALE = {"float32": 4e-6}
"""PyTorch computes the weights of float32 images in float32."""


def _image(random: Random, dims: int) -> np.ndarray:
    return random.standard_normal((2, 4, *random.randint(3, 6, dims)))


def _module(dims: int, *args: Any, limits: dict[str, float] | None = None, **kwargs: Any) -> Case:
    return Case(lambda random: call(*args, **kwargs, inputs=(_image(random, dims),)), **(limits or {}))


def _function(dims: int, *args: Any, limits: dict[str, float] | None = None, **kwargs: Any) -> Case:
    return Case(lambda random: call(_image(random, dims), *args, **kwargs), **(limits or {}))


def _shaped(shape: tuple[int, ...], *args: Any, **kwargs: Any) -> Case:
    return Case(lambda random: call(*args, **kwargs, inputs=(random.standard_normal(shape),)))


def _shaped_function(shape: tuple[int, ...], *args: Any, **kwargs: Any) -> Case:
    return Case(lambda random: call(random.standard_normal(shape), *args, **kwargs))


def _grid(random: Random) -> np.ndarray:
    return random.uniform(-1.2, 1.2, (2, 3, 5, 2))


CASES = {
    MODULE + "ConstantPad1d": (_module(1, 2, 1.5),),
    MODULE + "ConstantPad2d": (_module(2, (1, 2, 0, 1), -0.3), _module(2, (-1, 1, 0, -1), 2.0)),
    MODULE + "ConstantPad3d": (_module(3, 1, 0.3),),
    MODULE + "ZeroPad1d": (_module(1, (0, 2)),),
    MODULE + "ZeroPad2d": (_module(2, 1), _module(2, (1, 0, 2, 1))),
    MODULE + "ZeroPad3d": (_module(3, 1),),
    MODULE + "ReflectionPad1d": (_module(1, 2),),
    MODULE + "ReflectionPad2d": (_module(2, (2, 1, 0, 2)),),
    MODULE + "ReflectionPad3d": (_module(3, 1),),
    MODULE + "ReplicationPad1d": (_module(1, 4),),
    MODULE + "ReplicationPad2d": (_module(2, (3, 1, 0, 4)),),
    MODULE + "ReplicationPad3d": (_module(3, 1),),
    MODULE + "CircularPad1d": (_module(1, 2),),
    MODULE + "CircularPad2d": (_module(2, (1, 2, 0, 3)),),
    MODULE + "CircularPad3d": (_module(3, 1),),
    FUNCTION + "pad": (
        _function(2, (1, 2)),
        _function(2, [1, -1, 0, 2, 1, 0], value=0.7),
        _function(2, (1, 1, 2, 2), "reflect"),
        _function(1, (1, 2), mode="circular"),
    ),
    MODULE + "Upsample": (
        _module(2, scale_factor=2),
        _module(2, scale_factor=2, mode="bilinear"),
        _module(2, (7, 11), mode="bilinear", align_corners=True, limits=BY_SCALE),
        _module(1, scale_factor=1.7, mode="linear", limits=BY_SCALE),
        _module(3, scale_factor=2, mode="trilinear", limits=BY_SCALE),
    ),
    MODULE + "UpsamplingNearest2d": (_module(2, scale_factor=3),),
    MODULE + "UpsamplingBilinear2d": (_module(2, scale_factor=2, limits=BY_SCALE),),
    FUNCTION + "interpolate": (
        _function(2, scale_factor=1.5),
        _function(2, (2, 9), mode="nearest-exact"),
        _function(2, scale_factor=(1.5, 0.8), mode="bilinear", align_corners=False, limits=BY_SCALE),
        _function(2, scale_factor=1.5, mode="bilinear", recompute_scale_factor=True, limits=BY_SCALE),
        _function(2, 7, mode="bicubic", limits=BY_SCALE),
        _function(2, size=(8, 2), mode="bicubic", align_corners=True, limits=BY_SCALE),
        _function(2, (4, 3), mode="area"),
    ),
    FUNCTION + "upsample": (_function(2, scale_factor=2, mode="nearest"),),
    MODULE + "PixelShuffle": (_shaped((2, 8, 3, 4), 2),),
    MODULE + "PixelUnshuffle": (_shaped((2, 3, 4, 6), 2),),
    MODULE + "ChannelShuffle": (_shaped((2, 6, 3, 2), 3),),
    FUNCTION + "pixel_shuffle": (_shaped_function((9, 3, 4), 3),),
    FUNCTION + "pixel_unshuffle": (_shaped_function((2, 1, 6, 3), 3),),
    FUNCTION + "channel_shuffle": (_shaped_function((2, 6, 3), 2),),
    MODULE + "Unfold": (_module(2, 2), _module(2, (3, 2), dilation=2, padding=2, stride=(1, 2))),
    FUNCTION + "unfold": (_function(2, 3, padding=1),),
    MODULE + "Fold": (_shaped((2, 3 * 4, 20), (5, 6), 2), _shaped((2, 2 * 9, 12), (6, 7), 3, padding=1, stride=2)),
    FUNCTION + "fold": (_shaped_function((2, 4, 6), (4, 6), 2, stride=2),),
    FUNCTION + "grid_sample": (
        Case(lambda random: call(random.standard_normal((2, 3, 4, 6)), _grid(random)), float64=1e-12),
        Case(
            lambda random: call(
                random.standard_normal((2, 3, 4, 6)), _grid(random), "nearest", "border", align_corners=True
            ),
            gradient=False,
        ),
    ),
    FUNCTION + "affine_grid": (
        Case(lambda random: call(random.standard_normal((2, 2, 3)), [2, 3, 4, 5], align_corners=False)),
    ),
}
