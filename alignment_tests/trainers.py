"""Trainers of both frameworks on a detector small enough for many steps, and batches for them."""

from typing import Any

import numpy as np

import nanodet_jittor.engine
import nanodet_ref_torch.engine
from alignment_tests.mutations.detector import CLASSES, SIZE, architecture
from nanodet_common.config import Config, load_config
from nanodet_common.initialise import lively_state
from nanodet_common.loader.batch import Batch
from nanodet_common.training.engine_state import training_specs

TRAINERS = {"torch": nanodet_ref_torch.engine.Trainer, "jittor": nanodet_jittor.engine.Trainer}


def config(*, optimizer: dict[str, Any] | None = None, **schedule: Any) -> Config:
    """The m_320 recipe for the small detector."""
    found = load_config("nanodet-plus-m_320", num_classes=CLASSES)
    steps = found.schedule.optimizer.model_copy(update=optimizer or {})
    return found.model_copy(
        update={
            "model": found.model.model_copy(update={"arch": architecture()}),
            "schedule": found.schedule.model_copy(update={"optimizer": steps, **schedule}),
        }
    )


def trainer(name: str, given: Config | None = None, dtype: str = "float32", seed: int = 0) -> Any:
    """From the same lively weights in both frameworks."""
    given = given or config()
    state = lively_state(training_specs(given.model.arch, "float32"), seed)
    return TRAINERS[name](given, state, dtype)


def batch(seed: int = 0, images: int = 2, objects: int = 3) -> Batch:
    """Noise with a rectangle of another shade for each object."""
    random = np.random.RandomState(seed)
    pictures = random.normal(scale=0.5, size=(images, 3, SIZE, SIZE))
    corners = random.uniform(0, SIZE / 2, (images, objects, 2))
    boxes = np.concatenate([corners, corners + random.uniform(8, SIZE / 2, (images, objects, 2))], axis=2)
    for picture, own in zip(pictures, boxes, strict=True):
        for x1, y1, x2, y2 in own.astype(int):
            picture[:, y1:y2, x1:x2] += random.normal(size=(3, 1, 1))
    labels = random.randint(0, CLASSES, (images, objects))
    return Batch(pictures.astype(np.float32), tuple(boxes.astype(np.float32)), tuple(labels), (), ())
