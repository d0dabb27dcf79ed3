"""Training steps of both detectors on the same augmented photographs, the port led by the reference's steps."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alignment_tests.mutations.detector import CLASSES, SIZE, detector
from jtmigrate.diff import diff_pair
from jtmigrate.plan import Plan
from nanodet_common.class_names import VOC_CLASSES
from nanodet_common.config import load_config
from nanodet_common.datasets.voc import read_voc
from nanodet_common.loader.batch import Batch
from nanodet_common.loader.loader import Loader

STEPS = 3


def augmented_batches(shared: Path) -> list[Batch]:
    """Two photographs each, augmented as the recipe says, in the small detector's size."""
    dataset = read_voc(shared / "data" / "VOCdevkit" / "VOC2007", ["test"], VOC_CLASSES)
    config = load_config("nanodet-plus-m_320").data.train.model_copy(update={"input_size": (SIZE, SIZE)})
    dataset = replace(dataset, images=dataset.images[: 2 * STEPS])
    with Loader(dataset, config, batch_size=2, workers=0, seed=0, augment=True, shuffle=True, drop_last=True) as loader:
        return list(loader.epoch(0))


@pytest.mark.slow
def test_every_step_is_the_references(shared: Path) -> None:
    """Losses, gradients and steps of the trainers' optimizers, by the toolkit's own tolerances and noise floors."""
    batches = augmented_batches(shared)

    def loss(model: Any, given: Any) -> Any:
        batch = batches[given["number"]]
        # The small detector knows fewer classes than the data set.
        return model.loss(given["images"], batch.boxes, [labels % CLASSES for labels in batch.labels])

    inputs = [{"images": batch.images, "number": number} for number, batch in enumerate(batches)]
    pair = replace(
        detector(training=True), inputs=inputs[0], batches=inputs, call_torch=loss, call_jittor=loss, title="lockstep"
    )
    result = diff_pair(pair, Plan(backward=True, steps=STEPS))
    assert result, result.failures
