"""Trainers of both frameworks on a detector small enough for many steps, and what has to hold for either."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nanodet_jittor.engine
import nanodet_ref_torch.engine
from alignment_tests import golden
from alignment_tests.mutations.detector import CLASSES, SIZE, architecture
from jtmigrate.errors import UserError
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


def trainer(name: str, given: Config | None = None, dtype: str = "float32", seed: int = 0, **options: Any) -> Any:
    """From the same lively weights in both frameworks."""
    given = given or config()
    state = lively_state(training_specs(given.model.arch, "float32"), seed)
    return TRAINERS[name](given, state, dtype, **options)


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


def assert_same(found: Any, expected: Any, where: str = "") -> None:
    """Nested states are equal, arrays bit for bit in dtype and shape too."""
    assert type(found) is type(expected), where
    if isinstance(expected, dict):
        assert list(found) == list(expected), where
        for key, entry in expected.items():
            assert_same(found[key], entry, f"{where}.{key}")
    elif isinstance(expected, np.ndarray):
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape), where
        assert found.tobytes() == expected.tobytes(), where
    else:
        assert found == expected, where


def assert_golden_steps(shared: Path, name: str) -> None:
    """Three steps of the published recipe are the original's, in float64 to rounding (`golden.BOUNDS`)."""
    values, bounds = golden.training_golden(shared, "nanodet-plus-m_320"), golden.BOUNDS["float64"]
    found = load_config("nanodet-plus-m_320", num_classes=20)
    specs = training_specs(found.model.arch, "float32")
    start = {name: golden.recipe_value(name, spec.shape) for name, spec in specs.items()}
    engine = TRAINERS[name](found, start, "float64")
    images, boxes, labels = golden.batch(shared, values)
    for number in range(len(values["float64"]["adamw"]["steps"])):
        report = engine.step(Batch(images, tuple(boxes), tuple(labels), (), ()), 1.0, epoch=0)
        loss, norm = report.losses["loss"], report.grad_norm
        clipped = min(norm, golden.MAX_GRADIENT_NORM)
        golden.assert_step(values, "float64", number, loss=loss, norm=norm, clipped=clipped, tolerance=bounds["step"])
        if number == 0:
            parts = {part: value for part, value in report.losses.items() if part != "loss"}
            assert parts == pytest.approx(values["float64"]["states"], rel=bounds["loss"])
    state = engine.state()
    names = [one for group in state["optimizer"]["param_groups"] for one in group["param_names"]]
    slots = dict(zip(names, state["optimizer"]["state"].values(), strict=True))
    golden.assert_adamw(
        values,
        "float64",
        delta={name: state["state_dict"][name] - start[name] for name in names},
        exp_avg={name: arrays["exp_avg"] for name, arrays in slots.items()},
        exp_avg_sq={name: arrays["exp_avg_sq"] for name, arrays in slots.items()},
        own=bounds["gradient"],
        overall=bounds["overall"],
    )


def assert_parts_are_averaged(name: str) -> None:
    """Two equal halves accumulated make the step of one half: mean gradient, one step counted.

    Within 1e-6 of the largest moment: half of a number is exact, so only the order of sums may differ.
    """
    half = batch()
    both = Batch(np.concatenate([half.images] * 2), half.boxes * 2, half.labels * 2, (), ())
    whole, parts = trainer(name), trainer(name, config(accumulate=2))
    one, two = whole.step(half, 1.0, epoch=0), parts.step(both, 1.0, epoch=0)
    assert dict(two.losses) == pytest.approx(dict(one.losses), rel=1e-6)
    assert two.grad_norm == pytest.approx(one.grad_norm, rel=1e-6)
    expected, found = (engine.state() for engine in (whole, parts))
    for number, slots in expected["optimizer"]["state"].items():
        own = found["optimizer"]["state"][number]
        assert own["step"] == slots["step"] == 1
        assert np.abs(own["exp_avg"] - slots["exp_avg"]).max() <= 1e-6 * np.abs(slots["exp_avg"]).max()
    # Statistics do differ from those of one large batch: each part is normalised, and its statistics taken in, alone.
    counter = "backbone.conv1.1.num_batches_tracked"
    assert (found["state_dict"][counter], expected["state_dict"][counter]) == (2, 1)
    with pytest.raises(UserError, match="a batch of 3 images cannot be divided into 2 equal parts"):
        parts.step(batch(images=3), 1.0, epoch=0)


def assert_resumes(name: str) -> None:
    """Steps, an end, and steps from what was kept are the same bits as all of them in one go."""
    engine = trainer(name)
    engine.step(batch(0), 0.5, epoch=0)
    kept = engine.state()
    engine.step(batch(1), 1.0, epoch=0)
    resumed = trainer(name, seed=1)
    resumed.load(kept)
    assert_same(resumed.state(), kept)
    resumed.step(batch(1), 1.0, epoch=0)
    assert_same(resumed.state(), engine.state())
    # What is evaluated is the average, not the weights of the last step.
    images = batch(2).images
    np.testing.assert_array_equal(resumed.predict(images), engine.predict(images))
    averaged = engine.averaged()
    assert not any(name.startswith("aux_") for name in averaged)
    assert_same(averaged, {name: engine.state()["ema"][name] for name in averaged})
    before = engine.predict(images)
    engine.step(batch(3), 1.0, epoch=0)
    assert np.any(engine.predict(images) != before)


def assert_refuses(name: str) -> None:
    """A state that does not fit is told by name, and the engine stays as it is."""
    engine = trainer(name)
    kept = engine.state()
    weights = kept["state_dict"]
    cases = {
        "the checkpoint has no optimizer": {part: entry for part, entry in kept.items() if part != "optimizer"},
        "no average of the weights, and the configuration asks for one": {**kept, "ema": None},
        "state_dict does not fit": {**kept, "state_dict": {**weights, "head.gfl_cls.0.bias": np.zeros(7, np.float32)}},
        "no state of a PyTorch optimizer": {**kept, "optimizer": {}},
    }
    for message, entries in cases.items():
        with pytest.raises(UserError, match=message):
            engine.load(entries)
    assert_same(engine.state(), kept)
