"""Runs of either engine over VOC2007 test with trained weights, to be held against what the original found there."""

import importlib
from dataclasses import replace
from pathlib import Path

from alignment_tests.nanodet_common.evaluation.sets import voc_test_set
from nanodet_common.datasets.dataset import Dataset
from nanodet_common.inference import infer
from nanodet_common.loader.loader import Loader
from nanodet_common.record import Record
from nanodet_common.weights import load_weights

PACKAGES = {"torch": "nanodet_ref_torch", "jittor": "nanodet_jittor"}


def trained_run(
    framework: str, shared: Path, config: str, *, images: int | None = None, workers: int = 0
) -> tuple[Dataset, Record]:
    """The first `images`, or all, and what the framework finds in them with the weights for 20 classes."""
    dataset = voc_test_set(shared)
    dataset = replace(dataset, images=dataset.images[:images])
    found, state = load_weights(config, shared / "weights" / f"{config}_voc20.pth")
    engine = importlib.import_module(f"{PACKAGES[framework]}.engine").Engine(found, state)
    loader = Loader(
        dataset, found.data.val, batch_size=8, workers=workers, seed=0, augment=False, shuffle=False, drop_last=False
    )
    with loader:
        return dataset, infer(engine, loader.epoch(0), found, batch_size=8)
