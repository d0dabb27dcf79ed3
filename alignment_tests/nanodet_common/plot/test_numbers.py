"""Stages of schedules and statistics of series."""

import numpy as np
import pytest

from nanodet_common.config import load_config
from nanodet_common.config_training import CosineConfig, WarmupConfig
from nanodet_common.plot.run import Points, Run, Series, with_sum
from nanodet_common.plot.stages import stages
from nanodet_common.plot.statistics import duration, statistics
from nanodet_common.plot.words import place_words, run_words, value_words
from nanodet_common.training.schedule import LearningRates

PER_EPOCH = 10


def series(values: list[float], steps: list[float] | None = None, epochs: list[float] | None = None) -> Series:
    count = len(values)
    return Series(np.array(steps or range(1, count + 1), float), np.array(epochs or [np.nan] * count), np.array(values))


def rates(**changes: object) -> Series:
    """Of the VOC recipe of 50 epochs."""
    schedule = load_config("nanodet-plus-m_320-voc").schedule.model_copy(update=changes)
    of_step = LearningRates(schedule, PER_EPOCH)
    return series([of_step.rate(step) for step in range(50 * PER_EPOCH)])


def test_stages_of_a_schedule_in_steps() -> None:
    assert stages(rates()) == (("0.001", 1, 300), ("0.0001", 301, 450), ("1e-05", 451, 500))


@pytest.mark.parametrize("name", ["linear", "exp", "constant"])
def test_warm_up_is_a_stage(name: str) -> None:
    warmed = rates(warmup=WarmupConfig(name=name, steps=20, ratio=0.01))
    first, second, *_ = stages(warmed)
    # A rate within a thousandth of the highest is the highest: the last step of a warm-up has it.
    assert first == ("warm-up", 1, 21 if name == "constant" else 20)
    assert second.name == "0.001"


def test_cosine_is_one_fall() -> None:
    assert stages(rates(lr_schedule=CosineConfig(name="CosineAnnealingLR", T_max=50, eta_min=5e-5))) == (
        ("0.001 falling to 5.09e-05", 1, 500),
    )


def test_stages_of_nothing() -> None:
    assert stages(series([float("nan")])) == ()
    assert stages(series([0.0, 0.0])) == (("0", 1, 2),)


def test_statistics() -> None:
    found = statistics(series([float("nan"), 3, 1, 1, 7, float("inf"), 5], epochs=[1, 1, 1, 2, 2, 2, 2]))
    assert (found.count, found.not_finite) == (7, 2)
    assert (found.first, found.lowest, found.highest, found.last) == ((3, 2, 1), (1, 3, 1), (7, 5, 2), (5, 7, 2))
    assert statistics(series(list(range(40)))).late_mean == 37.5
    assert statistics(series([float("nan")])) == (1, 1, None, None, None, None, None)


def test_duration_adds_steps_and_validations() -> None:
    seconds = {"seconds": series([1.0, 2.0]), "validation seconds": series([70.0], steps=[2])}
    assert duration(Run("a", "", "", seconds)) == 73
    assert duration(Run("a", "", "", {"loss": series([1.0])})) is None


def test_loss_is_the_sum_of_parts_told_at_the_same_steps() -> None:
    parts = {"loss_qfl": series([1.0, 2.0]), "aux_loss_qfl": series([3.0, 5.0]), "lr": series([9.0])}
    assert with_sum(parts)["loss"].values.tolist() == [4, 7]
    assert "loss" not in with_sum({**parts, "loss_dfl": series([1.0], steps=[5])})
    assert with_sum({**parts, "loss": series([8.0])})["loss"].values.tolist() == [8]
    assert with_sum({"lr": series([9.0])}).keys() == {"lr"}


def test_points_come_in_the_order_of_steps_and_of_epochs_where_these_are_all_that_is_known() -> None:
    points = Points()
    for step, value in ((2, 1.0), (1, 2.0), (2, 3.0)):
        points.add("AP_50", value, step=step)
    points.add("mAP", 0.2, epoch=2)
    points.add("mAP", 0.1, epoch=1)
    found = points.series()
    assert found["AP50"].values.tolist() == [2, 3]
    assert found["mAP"].epochs.tolist() == [1, 2]


def test_words() -> None:
    assert [value_words(value) for value in (None, 0.34764, 1.2345e-5, 1024.4, 0.0)] == [
        "-", "0.3476", "1.234e-05", "1,024", "0",
    ]  # fmt: skip
    only_epochs = Series(np.array([np.nan]), np.array([3.0]), np.array([0.5]))
    assert place_words(statistics(only_epochs).last) == "0.5 @ epoch 3"
    assert place_words(statistics(series([0.5], steps=[4500])).last) == "0.5 @ 4,500"
    words = run_words(Run("a", "log", "JSON lines", {"mAP": only_epochs}, damaged=2))
    assert words == {
        "log": "log (JSON lines)", "epochs": "3", "best mAP @ step": "0.5 @ epoch 3", "damaged lines or records": "2",
    }  # fmt: skip
