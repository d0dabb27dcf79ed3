"""Normalisations: in training and evaluation, around a mean that is not 0, with and without weights."""

from typing import Any

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import Call, Case, Random, call

MODULE, FUNCTION = "torch.nn.", "torch.nn.functional."
ROUNDED = {"float32": 1e-5, "float64": 2e-13}
"""Subtracting the mean leaves fewer digits than there were, also in PyTorch."""


def _image(random: Random, dims: int, channels: int = 6) -> np.ndarray:
    return random.standard_normal((3, channels, *random.randint(3, 6, dims))) + 1


def _module(dims: int, *args: Any, training: bool = True, **kwargs: Any) -> Case:
    return Case(lambda random: call(*args, **kwargs, inputs=(_image(random, dims),)), training=training, **ROUNDED)


def _per_channel(random: Random) -> tuple[np.ndarray, np.ndarray]:
    return random.standard_normal(6), random.uniform(0.5, 1.5, 6)


def _batch_norm(random: Random) -> Call:
    (mean, var), (bias, weight) = _per_channel(random), _per_channel(random)
    return call(_image(random, 2), running_mean=mean, running_var=var, weight=weight, bias=bias, eps=1e-3)


def _group_norm(random: Random) -> Call:
    return call(_image(random, 1), 3, *_per_channel(random))


def _instance_norm(random: Random) -> Call:
    return call(_image(random, 2), weight=random.standard_normal(6), bias=random.standard_normal(6))


def _layer_norm(random: Random) -> Call:
    return call(random.standard_normal((2, random.randint(2, 5), 7)) + 1, [7], random.standard_normal(7), None, 1e-6)


def _rms_norm(random: Random) -> Call:
    return call(random.standard_normal((2, random.randint(2, 5), 7)), [7], random.standard_normal(7), 1e-6)


def _last(*args: Any, **kwargs: Any) -> Case:
    return Case(lambda random: call(*args, **kwargs, inputs=(random.standard_normal((2, 3, 4, 5)) + 1,)), **ROUNDED)


CASES = {
    MODULE + "BatchNorm1d": (_module(0, 6), _module(1, 6, affine=False)),
    MODULE + "BatchNorm2d": (
        _module(2, 6),
        _module(2, 6, training=False),
        _module(2, 6, 1e-3, None),
        _module(2, 6, track_running_stats=False, training=False),
    ),
    MODULE + "BatchNorm3d": (_module(3, 6, momentum=0.3),),
    MODULE + "InstanceNorm1d": (_module(1, 6),),
    MODULE + "InstanceNorm2d": (
        _module(2, 6, affine=True, track_running_stats=True),
        _module(2, 6, track_running_stats=True, training=False),
    ),
    MODULE + "InstanceNorm3d": (_module(3, 6, affine=True),),
    MODULE + "GroupNorm": (_module(2, 3, 6), _module(0, 2, 6, 1e-3), _module(3, 1, 6, affine=False)),
    MODULE + "LayerNorm": (_last(5), _last((4, 5), 1e-6), _last([5], elementwise_affine=False)),
    MODULE + "RMSNorm": (_last(5), _last((4, 5), 1e-6, elementwise_affine=False)),
    MODULE + "LocalResponseNorm": (_module(2, 3), _module(1, 4, 0.3, 0.5, 2.0)),
    FUNCTION + "batch_norm": (Case(_batch_norm, frozen=("running_mean", "running_var"), **ROUNDED),),
    FUNCTION + "instance_norm": (Case(_instance_norm, **ROUNDED),),
    FUNCTION + "group_norm": (Case(_group_norm, **ROUNDED),),
    FUNCTION + "layer_norm": (Case(_layer_norm, **ROUNDED),),
    FUNCTION + "rms_norm": (Case(_rms_norm, **ROUNDED),),
    FUNCTION + "local_response_norm": (Case(lambda random: call(_image(random, 2), 3, alpha=0.1)),),
    FUNCTION + "normalize": (
        Case(lambda random: call(_image(random, 2))),
        Case(lambda random: call(np.concatenate([_image(random, 0), np.zeros((1, 6))]), p=2, dim=-1, eps=1e-3)),
        Case(lambda random: call(_image(random, 1), 1.0)),
    ),
}
