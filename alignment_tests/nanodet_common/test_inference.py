"""The loop over batches, with an engine that computes next to nothing, and the file that a run leaves."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nanodet_common.config import Config, load_config
from nanodet_common.datasets.dataset import ImageRecord
from nanodet_common.errors import InputError
from nanodet_common.inference import digest, infer
from nanodet_common.loader.batch import Batch
from nanodet_common.priors import center_priors
from nanodet_common.record import read_record, write_record

SIDE = 64


@pytest.fixture
def config() -> Config:
    return load_config("nanodet-plus-m_320", num_classes=2)


class Echo:
    """Finds class 1 at the first point, with a score that grows with the image's mean; notes what it was given."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def predict(self, images: np.ndarray) -> np.ndarray:
        self.shapes.append(images.shape)
        points = len(center_priors(images.shape[2:], (8, 16, 32, 64)))
        output = np.full((len(images), points, 2 + 32), -10, np.float32)
        output[:, 0, 1] = images.mean(axis=(1, 2, 3))
        output[:, :, 2:] = 0
        return output


def batches(counts: list[int]) -> Iterator[Batch]:
    """Batches of so many images each; image n is filled with n / 10."""
    number = 0
    for count in counts:
        numbers = range(number + 1, number + count + 1)
        number += count
        images = np.stack([np.full((3, SIDE, SIDE), one / 10, np.float32) for one in numbers])
        nothing = (np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, bool))
        records = tuple(
            ImageRecord(10 * one, Path(f"{one}.jpg"), (2 * SIDE, SIDE), *nothing, np.zeros(0, bool)) for one in numbers
        )
        matrix = np.diag([0.5, 1.0, 1.0])
        yield Batch(images, nothing[:1] * count, nothing[1:2] * count, (matrix,) * count, records)


def test_every_image_has_its_detections_in_its_own_pixels(config: Config) -> None:
    engine, told = Echo(), []
    run = infer(engine, batches([2, 2, 1]), config, batch_size=2, progress=told.append)
    assert told == [2, 4, 5]
    assert list(run.found) == [10, 20, 30, 40, 50]
    for number, found in enumerate(run.found.values(), start=1):
        assert found.labels.tolist() == [1]
        assert found.scores == pytest.approx([1 / (1 + np.exp(-number / 10))])
        # Distances are 3.5 cells of 8 pixels, cut off at the corner; the picture is twice as wide as the input.
        assert found.boxes == pytest.approx(np.array([[0, 0, 56, 28]]))
    assert run.seconds.keys() == {"loading", "forward", "post-processing", "hashing"}
    assert len(run.memory) == 3


def test_the_last_batch_is_filled_up(config: Config) -> None:
    engine = Echo()
    infer(engine, batches([4, 4, 1]), config, batch_size=4)
    assert engine.shapes == [(4, 3, SIDE, SIDE)] * 3


def test_hashes_tell_images_apart_and_do_not_depend_on_the_batch(config: Config) -> None:
    together, alone = (infer(Echo(), batches(counts), config, batch_size=1) for counts in ([3], [1, 1, 1]))
    assert together.inputs == alone.inputs
    assert together.outputs == alone.outputs
    assert len(set(alone.inputs.values())) == 3
    assert digest(np.zeros(3)) != digest(np.zeros(4))


def test_a_record_survives_its_file(config: Config, tmp_path: Path) -> None:
    run = infer(Echo(), batches([2, 1]), config, batch_size=2, keep_candidates=True, keep_raw=True)
    write_record(tmp_path / "run.npz", run)
    again = read_record(tmp_path / "run.npz")
    assert (again.inputs, again.outputs, again.seconds) == (run.inputs, run.outputs, run.seconds)
    assert again.memory == run.memory
    for image in run.found:
        for kind in ("found", "candidates", "raw"):
            before, after = getattr(run, kind)[image], getattr(again, kind)[image]
            assert all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(before, after, strict=True))


class Busy(Echo):
    """Finds every class at every point, with a score of a half."""

    def predict(self, images: np.ndarray) -> np.ndarray:
        return np.zeros_like(super().predict(images))


def test_memory_does_not_grow_with_what_is_kept_for_comparisons(config: Config) -> None:
    """An image's candidates, 7.5 kB here, are kept in a file; all the rest of it takes 1.5 kB."""
    held = []
    tracemalloc.start()
    try:
        run = infer(
            Busy(), batches([4] * 20), config, batch_size=4, keep_candidates=True,
            progress=lambda done: held.append(tracemalloc.get_traced_memory()[0]),
        )  # fmt: skip
    finally:
        tracemalloc.stop()
    assert min(sum(array.nbytes for array in one) for one in run.candidates.values()) > 7_000
    assert (held[-1] - held[4]) / 60 < 3_000


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_another_file_is_no_record(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "run.npz"
    if content is None:
        np.savez(path, np.zeros(3))
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"run\.npz: not the record of a run"):
        read_record(path)
