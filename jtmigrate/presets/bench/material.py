"""What all variants are given: configuration, weights, images, objects. The same numbers in every process."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from jtmigrate.checkpoint import Checkpoint, write_checkpoint
from nanodet_common.config import Config
from nanodet_common.initialise import lively_state
from nanodet_common.loader.batch import Batch
from nanodet_common.schema import tensor_specs
from nanodet_common.weights import State, config_for, load_weights

OBJECTS = 8
"""An image, in a training step."""
WEIGHTS = "weights.pth"


class Given(NamedTuple):
    """Files that a worker reads; paths as text, to be sent as JSON."""

    config: str
    weights: str


def write_material(folder: Path, config: str, weights: Path | None, sizes: tuple[int, ...]) -> dict[int, Given]:
    """By size of the images: the configuration for it, and the weights. Raises UserError for input that does not fit.

    Without weights, they are seeded ones under which every layer matters: with those that training starts from,
    activations fade until no error could be seen in the output.
    """
    if weights is None:
        found = config_for(config, None, {})
        state = lively_state(tensor_specs(found.model.arch, training=False), seed=0)
    else:
        found, state = load_weights(config, weights)
    write_checkpoint(folder / WEIGHTS, Checkpoint(dict(state)))
    given = {}
    for size in sizes:
        path = folder / f"config-{size}.yml"
        path.write_text(with_size(found, size).to_yaml())
        given[size] = Given(str(path), str(folder / WEIGHTS))
    return given


def with_size(config: Config, size: int) -> Config:
    """The configuration for square images of so many pixels a side."""
    parts = {name: part.model_copy(update={"input_size": (size, size)}) for name, part in config.data}
    return config.model_copy(update={"data": config.data.model_copy(update=parts)})


def read(given: Given) -> tuple[Config, State]:
    """The configuration and the inference model's state."""
    return load_weights(given.config, Path(given.weights))


def with_auxiliary(config: Config, state: State) -> State:
    """The state with seeded values of the auxiliary branch, for training."""
    return lively_state(tensor_specs(config.model.arch, training=True), seed=0) | dict(state)


def images(batch: int, size: int) -> np.ndarray:
    """Noise, as normalised images (batch, 3, size, size)."""
    return np.random.default_rng(0).standard_normal((batch, 3, size, size), np.float32)


def training_batch(config: Config, batch: int, size: int) -> Batch:
    """Noise, and boxes of all sizes."""
    random = np.random.default_rng(1)
    corners = random.uniform(0, 0.7, (batch, OBJECTS, 2))
    boxes = np.concatenate([corners, corners + random.uniform(0.05, 0.3, (batch, OBJECTS, 2))], axis=2) * size
    labels = random.integers(0, config.model.arch.head.num_classes, (batch, OBJECTS))
    return Batch(images(batch, size), tuple(boxes.astype(np.float32)), tuple(labels), (), ())
