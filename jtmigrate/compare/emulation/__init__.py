"""The common layers in numpy and float64, so that one can ask what a layer would have returned with another setting.

Written from PyTorch's documentation, for clarity and not for speed. Nobody has to trust them: a layer is only asked
after its emulation has reproduced what the reference really returned (`jtmigrate.compare.experiment.Experiment`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from jtmigrate.compare.emulation import convolution, losses, normalisation, pointwise, pooling, resizing

Inputs = Sequence[np.ndarray]
Arrays = Mapping[str, np.ndarray]
Settings = Mapping[str, Any]
Layer = Callable[[Inputs, Arrays, Settings], np.ndarray]

LAYERS: dict[str, Layer] = {
    **convolution.LAYERS,
    **normalisation.LAYERS,
    **pooling.LAYERS,
    **resizing.LAYERS,
    **pointwise.LAYERS,
    **losses.LAYERS,
}
"""PyTorch's class name without its number of dimensions ("Conv", "MaxPool") -> what it computes."""


def family(kind: str) -> str:
    """ "Conv2d" -> "Conv": layers that differ in the number of dimensions only are one."""
    return re.sub(r"[123]d$", "", kind)


def emulate(kind: str, inputs: Inputs, state: Arrays, settings: Settings) -> np.ndarray | None:
    """What a layer returns, in float64; None for one that is not known.

    Settings that are missing are PyTorch's defaults. Raises ValueError or IndexError where they do not fit the arrays.
    """
    layer = LAYERS.get(family(kind))
    if layer is None or not inputs:
        return None
    with np.errstate(all="ignore"):
        return layer(
            [_exact(array) for array in inputs], {name: _exact(array) for name, array in state.items()}, settings
        )


def _exact(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float64) if array.dtype.kind == "f" else array
