"""The Jittor trainer: against the original, against PyTorch's, and against itself after a pause."""

from pathlib import Path

import jittor as jt
import numpy as np
import pytest

from alignment_tests import trainers
from jtmigrate.errors import UserError


@pytest.mark.slow
def test_steps_are_the_originals(shared: Path) -> None:
    trainers.assert_golden_steps(shared, "jittor")


@pytest.mark.slow
def test_goes_on_bit_for_bit() -> None:
    trainers.assert_resumes("jittor")


@pytest.mark.slow
def test_accumulated_parts_make_their_mean_step() -> None:
    trainers.assert_parts_are_averaged("jittor")


def test_refuses_a_state_that_does_not_fit() -> None:
    trainers.assert_refuses("jittor")


def test_refuses_mixed_precision() -> None:
    found = trainers.config()
    half = found.model_copy(update={"device": found.device.model_copy(update={"precision": 16})})
    with pytest.raises(UserError, match=r"device\.precision is 16"):
        trainers.trainer("jittor", half)


@pytest.mark.slow
@pytest.mark.parametrize("first", ["torch", "jittor"])
def test_each_framework_goes_on_where_the_other_stopped(first: str) -> None:
    """The state travels bit for bit, there and back; the next step is the same to float32 rounding.

    1e-5 of the loss, 1e-3 of the norm of all moments together: where an activation falls on the other side of a
    LeakyReLU, a gradient moves by more than rounding.
    """
    second = {"torch": "jittor", "jittor": "torch"}[first]
    engines = [trainers.trainer(first), trainers.trainer(second, seed=1), trainers.trainer(first, seed=2)]
    engines[0].step(trainers.batch(0), 0.5, epoch=0)
    kept = engines[0].state()
    engines[1].load(kept)
    trainers.assert_same(engines[1].state(), kept)
    engines[2].load(engines[1].state())
    trainers.assert_same(engines[2].state(), kept)
    one, two = (engine.step(trainers.batch(1), 1.0, epoch=0) for engine in engines[:2])
    assert dict(two.losses) == pytest.approx(dict(one.losses), rel=1e-5)
    expected, found = (engine.state()["optimizer"]["state"] for engine in engines[:2])
    assert all(float(slots["step"]) == 2 for slots in found.values())
    differences = [found[number]["exp_avg"] - slots["exp_avg"] for number, slots in expected.items()]
    assert _norm(differences) <= 1e-3 * _norm([slots["exp_avg"] for slots in expected.values()])


@pytest.mark.slow
def test_any_number_of_objects_compiles_nothing_and_leaves_nothing_behind() -> None:
    """A kernel does not know how many objects there are: 1, whose dimension is broadcast, and more are all there is."""
    engine = trainers.trainer("jittor")
    for number, objects in enumerate((2, 1, 0)):
        engine.step(trainers.batch(number, objects=objects), 1.0, epoch=0)
    kernels, alive = _kernels(), jt.liveness_info()
    for number, objects in enumerate((1, 3, 17, 41, 0, 2)):
        engine.step(trainers.batch(number, objects=objects), 0.9 - number / 10, epoch=0)
    assert _kernels() == kernels
    assert jt.liveness_info() == alive


def _kernels() -> int:
    return len(list((Path(jt.flags.cache_path) / "jit").glob("*.so")))


def _norm(arrays: list[np.ndarray]) -> float:
    return float(np.sqrt(sum(np.square(array, dtype=float).sum() for array in arrays)))
