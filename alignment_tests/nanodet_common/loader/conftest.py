"""A small data set on disk."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from nanodet_common.config import DatasetConfig, load_config
from nanodet_common.datasets.dataset import Dataset, ImageRecord
from nanodet_common.loader.loader import Loader


@pytest.fixture
def config() -> DatasetConfig:
    """The published training configuration on a small input."""
    return load_config("nanodet-plus-m_320").data.train.model_copy(update={"input_size": (64, 96)})


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """21 images of different sizes with 0 to 4 objects; image 5 has no object."""
    random = np.random.default_rng(0)
    return Dataset(tuple(_image(tmp_path, number, random) for number in range(1, 22)), ("cat", "dog"))


@pytest.fixture
def load(dataset: Dataset, config: DatasetConfig) -> Callable[..., Loader]:
    """Make a loader of the data set; keyword arguments replace the usual ones."""

    def load(**changes: object) -> Loader:
        usual = {"batch_size": 4, "workers": 0, "seed": 1, "augment": True, "shuffle": True, "drop_last": False}
        arguments = usual | changes
        return Loader(arguments.pop("dataset", dataset), arguments.pop("config", config), **arguments)

    return load


def _image(folder: Path, number: int, random: np.random.Generator) -> ImageRecord:
    width, height = (int(side) for side in random.integers(20, 200, 2))
    path = folder / f"{number:03}.png"
    cv2.imwrite(str(path), random.integers(0, 256, (height, width, 3), np.uint8))
    count = number % 5
    corners = np.sort(random.uniform(0, [width, height], (count, 2, 2)), axis=1).reshape(count, 4)
    return ImageRecord(
        image_id=100 + number,
        file=path,
        size=(width, height),
        boxes=corners.astype(np.float32),
        labels=random.integers(0, 2, count),
        difficult=np.zeros(count, bool),
        crowd=np.zeros(count, bool),
    )
