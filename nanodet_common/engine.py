"""What every implementation of the detector offers to those who only want its output."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from nanodet_common.config import Config
from nanodet_common.weights import load_weights

DType = Literal["float32", "float64"]


class Engine(Protocol):
    """A detector in evaluation mode."""

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Normalised images (N, 3, H, W) -> raw head output (N, points, num_classes + 4 * (reg_max + 1))."""

    def state(self) -> dict[str, np.ndarray]:
        """The parameters and buffers that it computes with, by name."""

    def versions(self) -> dict[str, str]:
        """Versions of the libraries that do the computing, by name."""


Load = Callable[[str, Path, int | None, DType], tuple[Config, Engine]]
"""Configuration, file of weights, number of classes or None, precision -> the configuration found and an engine."""


def from_checkpoint(engine: Callable[..., Engine]) -> Load:
    """How an engine that is built from a configuration and a state comes from a checkpoint file.

    What it returns raises UserError for a file that does not fit (`load_weights`).
    """

    def load(config: str, path: Path, num_classes: int | None, dtype: DType) -> tuple[Config, Engine]:
        weights = load_weights(config, path, num_classes=num_classes)
        return weights.config, engine(weights.config, weights.state, dtype)

    return load
