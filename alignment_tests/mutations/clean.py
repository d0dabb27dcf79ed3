"""Comparisons without a fault, which must find none: ten photographs with both trained models."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from alignment_tests.conftest import SHARED
from alignment_tests.mutations.detector import BATCHES, detector
from alignment_tests.mutations.scenes import BUILD, scene
from jtmigrate.compare.result import DiffResult
from jtmigrate.diff import ModelPair, Plan, diff_pair
from jtmigrate.presets import nanodet

WEIGHTS = ("nanodet-plus-m_416", "nanodet-plus-m_320")
IMAGES, CROP = 10, 160


def photographs() -> list[Path]:
    """The first ten of the test set."""
    folder = SHARED / "data" / "VOCdevkit" / "VOC2007"
    names = (folder / "ImageSets" / "Main" / "test.txt").read_text().split()
    return [folder / "JPEGImages" / f"{name}.jpg" for name in names[:IMAGES]]


def cropped(pair: ModelPair) -> ModelPair:
    """The pair on the middle of its image: every layer still runs, in a fraction of the time."""
    start = (pair.inputs.shape[2] - CROP) // 2
    middle = slice(start, start + CROP)
    return replace(pair, inputs=np.ascontiguousarray(pair.inputs[:, :, middle, middle]))


def comparisons(*, full: bool) -> Iterator[tuple[str, DiffResult]]:
    """(name, result) of every comparison: each scene, a training, and photographs where there are any.

    full  whole photographs instead of their middle
    """
    for name in BUILD:
        yield name, scene(name, full=full).clean
    yield f"{BATCHES} training batches", diff_pair(detector(training=True), Plan(backward=True, steps=BATCHES))
    if not SHARED.is_dir():
        return
    for config in WEIGHTS:
        weights = SHARED / "weights" / f"{config}_voc20.pth"
        for image in photographs():
            pair = nanodet.pair(config=config, weights=weights, image=image, num_classes=None)
            yield f"{config} {image.stem}", diff_pair(pair if full else cropped(pair))


def alarms(*, full: bool, progress: Callable[[str], None]) -> dict[str, tuple[str, ...]]:
    """Name of a comparison -> what is said to be wrong although nothing is."""
    found = {}
    for name, result in comparisons(full=full):
        progress(f"{name} without a fault: {'aligned' if result else result.failures}")
        found[name] = result.failures
    return found
