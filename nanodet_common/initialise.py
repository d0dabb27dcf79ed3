"""Values for a model's tensors, the same in every framework: each comes from its name and a seed alone."""

import math
import zlib
from collections.abc import Mapping

import numpy as np

from nanodet_common.schema import Arange, Constant, Normal, Spec, Uniform

# Between 1 (nothing between two convolutions) and 2 (a ReLU): BatchNorm outputs of the four published configurations
# then spread by 0.2 to 3 on photographs, and some class scores pass 0.05 without the picture drowning in boxes.
LIVELY_GAIN = 1.35


def initial_state(specs: Mapping[str, Spec], seed: int) -> dict[str, np.ndarray]:
    """The values NanoDet-Plus starts training from (without ImageNet weights), by name.

    `aux_fpn` gets those of `fpn`, of which the original makes it a copy.
    """
    return {name: _sample(spec, _generator(name, seed)) for name, spec in specs.items()}


def lively_state(specs: Mapping[str, Spec], seed: int) -> dict[str, np.ndarray]:
    """Values under which every tensor matters, to demonstrate a model without trained weights.

    With initial values and no training, activations fade to 1e-10 on their way, BatchNorm passes them on unchanged,
    and every score is 0.01. Here they keep their size from layer to layer; scales and statistics differ by channel.
    """
    return {name: _enliven(spec, _generator(name, seed)) for name, spec in specs.items()}


def _generator(name: str, seed: int) -> np.random.RandomState:
    name = name.removeprefix("aux_") if name.startswith("aux_fpn.") else name
    # RandomState, not Generator: numpy promises its numbers for all versions.
    return np.random.RandomState([seed, zlib.crc32(name.encode())])


def _sample(spec: Spec, generator: np.random.RandomState) -> np.ndarray:
    match spec.init:
        case Constant(value):
            values = np.full(spec.shape, value)
        case Normal(std):
            values = std * generator.standard_normal(spec.shape)
        case Uniform(bound):
            values = generator.uniform(-bound, bound, spec.shape)
        case Arange():
            values = np.arange(*spec.shape)
    return np.asarray(values, spec.dtype)


def _enliven(spec: Spec, generator: np.random.RandomState) -> np.ndarray:
    match spec.init:
        case Normal() | Uniform():
            fan_in = math.prod(spec.shape[1:])
            values = math.sqrt(LIVELY_GAIN / fan_in) * generator.standard_normal(spec.shape)
        case Constant(value) if spec.dtype == "float32":
            values = value + 0.1 * generator.standard_normal(spec.shape)
        case _:
            return _sample(spec, generator)
    return np.asarray(values, spec.dtype)
