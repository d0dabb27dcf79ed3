"""Pools: sizes that divide and that do not, padding, dilation, ceil_mode, ties as after a ReLU, full-size windows."""

from typing import Any

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import Case, Random, call

MODULE, FUNCTION = "torch.nn.", "torch.nn.functional."


def _image(random: Random, dims: int) -> np.ndarray:
    """Below 0 for the most part: zeros in the padding would show."""
    return random.standard_normal((2, 3, *random.randint(6, 10, dims))) - 2


def _after_relu(random: Random, dims: int) -> np.ndarray:
    """Two thirds of it 0: the first of equal elements takes the gradient."""
    return (_image(random, dims) + 1.5).clip(0)


def _module(dims: int, *args: Any, image: Any = _image, **kwargs: Any) -> Case:
    return Case(lambda random: call(*args, **kwargs, inputs=(image(random, dims),)))


def _function(dims: int, *args: Any, image: Any = _image, **kwargs: Any) -> Case:
    return Case(lambda random: call(image(random, dims), *args, **kwargs))


CASES = {
    MODULE + "MaxPool1d": (_module(1, 2), _module(1, 3, 2, 1, ceil_mode=True)),
    MODULE + "MaxPool2d": (
        _module(2, 3, 2, 1),
        _module(2, 2),
        _module(2, 5, 1, 2),
        _module(2, 3, 2, 1, ceil_mode=True, image=_after_relu),
        _module(2, (2, 3), stride=(2, 1), padding=(1, 0), dilation=2),
        _module(2, 2, return_indices=True),
        Case(lambda random: call(4, inputs=(random.standard_normal((3, 4, 4)),))),
    ),
    MODULE + "MaxPool3d": (_module(3, 2), _module(3, 3, 2, 1, ceil_mode=True)),
    MODULE + "AvgPool1d": (_module(1, 3, 2, 1, count_include_pad=False),),
    MODULE + "AvgPool2d": (
        _module(2, 2),
        _module(2, 3, 2, 1, ceil_mode=True),
        _module(2, 3, 2, 1, True, False),
        _module(2, (3, 2), stride=2, divisor_override=5),
    ),
    MODULE + "AvgPool3d": (_module(3, 2, 2, 1),),
    MODULE + "AdaptiveAvgPool1d": (_module(1, 4),),
    MODULE + "AdaptiveAvgPool2d": (_module(2, 1), _module(2, (4, None)), _module(2, (12, 5))),
    MODULE + "AdaptiveAvgPool3d": (_module(3, (2, 3, 1)),),
    MODULE + "AdaptiveMaxPool1d": (_module(1, 4),),
    MODULE + "AdaptiveMaxPool2d": (_module(2, (4, 5)), _module(2, 1), _module(2, 3, return_indices=True)),
    MODULE + "AdaptiveMaxPool3d": (_module(3, 2),),
    MODULE + "LPPool1d": (_module(1, 2, 3),),
    MODULE + "LPPool2d": (_module(2, 2, 2, ceil_mode=True), _module(2, 3, (2, 3), image=_after_relu)),
    FUNCTION + "max_pool1d": (_function(1, 3, 2),),
    FUNCTION + "max_pool2d": (_function(2, 3, stride=2, padding=1), _function(2, 2, ceil_mode=True)),
    FUNCTION + "max_pool3d": (_function(3, 2, 1),),
    FUNCTION + "avg_pool1d": (_function(1, 2),),
    FUNCTION + "avg_pool2d": (_function(2, 3, 1, 1, count_include_pad=False), _function(2, 2, ceil_mode=True)),
    FUNCTION + "avg_pool3d": (_function(3, 2),),
    FUNCTION + "adaptive_avg_pool1d": (_function(1, 5),),
    FUNCTION + "adaptive_avg_pool2d": (_function(2, (1, 1)), _function(2, [3, 5])),
    FUNCTION + "adaptive_avg_pool3d": (_function(3, 2),),
    FUNCTION + "adaptive_max_pool1d": (_function(1, 1),),
    FUNCTION + "adaptive_max_pool2d": (_function(2, (3, 2)),),
    FUNCTION + "adaptive_max_pool3d": (_function(3, (1, 2, 3)),),
    FUNCTION + "lp_pool1d": (_function(1, 2, 2),),
    FUNCTION + "lp_pool2d": (_function(2, 2.0, (3, 2), stride=2),),
}
