"""Convolutions: geometry of every kind, with and without groups and bias.

Some hundred products are added in another order: 20 roundings.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import Call, Case, Random, call

MODULE, FUNCTION = "torch.nn.", "torch.nn.functional."


def _image(random: Random, dims: int, channels: int) -> np.ndarray:
    return random.standard_normal((2, channels, *random.randint(6, 9, dims)))


def _module(dims: int, *args: Any, **kwargs: Any) -> Case:
    return Case(lambda random: call(*args, **kwargs, inputs=(_image(random, dims, args[0]),)))


def _function(dims: int, weight: tuple[int, ...], bias: int | None, channels: int, **kwargs: Any) -> Case:
    def make(random: Random) -> Call:
        image, kernel = _image(random, dims, channels), random.standard_normal(weight)
        return call(image, kernel, None if bias is None else random.standard_normal(bias), **kwargs)

    return Case(make)


def _without_batch(*args: Any, **kwargs: Any) -> Callable[[Random], Call]:
    return lambda random: call(*args, **kwargs, inputs=(_image(random, 2, args[0])[0],))


CASES = {
    MODULE + "Conv1d": (_module(1, 4, 6, 3, 2, 1, groups=2), _module(1, 3, 4, 3, padding="same", dilation=2)),
    MODULE + "Conv2d": (
        _module(2, 4, 6, 3, stride=2, padding=1, groups=2, bias=False),
        _module(2, 3, 4, (3, 5), padding="same", dilation=(1, 2)),
        _module(2, 3, 4, [3, 3], padding=1, padding_mode="reflect"),
        Case(_without_batch(3, 2, 3, padding="valid")),
    ),
    MODULE + "Conv3d": (_module(3, 2, 4, 3, (2, 1, 1), 1, groups=2),),
    MODULE + "ConvTranspose1d": (_module(1, 3, 4, 4, 2, 1),),
    MODULE + "ConvTranspose2d": (
        _module(2, 3, 4, 4, 2, 1),
        _module(2, 4, 6, 3, stride=2, padding=1, output_padding=1, groups=2, bias=False),
        Case(
            lambda random: call(
                3,
                2,
                3,
                stride=2,
                inputs=(random.standard_normal((1, 3, 4, 4)),),
                named_inputs={"output_size": [10, 10]},
            )
        ),
    ),
    MODULE + "ConvTranspose3d": (_module(3, 2, 4, 3, 2, 1, 1, groups=2),),
    FUNCTION + "conv1d": (_function(1, (4, 3, 3), 4, 3, stride=2, padding=1),),
    FUNCTION + "conv2d": (_function(2, (4, 2, 3, 3), None, 4, groups=2, padding=(1, 0)),),
    FUNCTION + "conv3d": (_function(3, (4, 2, 3, 3, 3), 4, 2, padding=1),),
    FUNCTION + "conv_transpose1d": (_function(1, (3, 4, 3), 4, 3, stride=2),),
    FUNCTION + "conv_transpose2d": (_function(2, (3, 4, 3, 3), 4, 3, stride=2, dilation=2),),
    FUNCTION + "conv_transpose3d": (_function(3, (2, 3, 2, 2, 2), 3, 2, stride=2),),
}
