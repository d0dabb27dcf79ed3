"""Learning rates against PyTorch's schedules and against the numbers of the recipes."""

from pathlib import Path

import pytest
import torch

from alignment_tests.nanodet_common.training.fake import FakeBatches, FakeEngine, config, go_on, training
from nanodet_common.config import load_config
from nanodet_common.config_training import CosineConfig, MultiStepConfig, ScheduleConfig, WarmupConfig
from nanodet_common.training.loop import End
from nanodet_common.training.schedule import LearningRates

STEPS = 3
"""An epoch."""


def schedule(lr_schedule: CosineConfig | MultiStepConfig, warmup: WarmupConfig) -> ScheduleConfig:
    voc = load_config("nanodet-plus-m_320-voc").schedule
    return voc.model_copy(update={"lr_schedule": lr_schedule, "warmup": warmup})


NO_WARMUP = WarmupConfig(name="linear", steps=0, ratio=0.1)
COSINE = CosineConfig(name="CosineAnnealingLR", T_max=7, eta_min=1e-4)
MULTI_STEP = MultiStepConfig(name="MultiStepLR", milestones=(2, 5), gamma=0.3)


@pytest.mark.parametrize("lr_schedule", [COSINE, MULTI_STEP], ids=lambda one: one.name)
def test_every_epoch_has_the_rate_of_pytorchs_schedule(lr_schedule: CosineConfig | MultiStepConfig) -> None:
    """Within 1e-12: PyTorch multiplies from epoch to epoch, here it is the closed form."""
    rates = LearningRates(schedule(lr_schedule, NO_WARMUP), STEPS)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1e-3)
    options = lr_schedule.model_dump(by_alias=True, exclude={"name"})
    reference = getattr(torch.optim.lr_scheduler, lr_schedule.name)(optimizer, **options)
    for epoch in range(7):
        expected = optimizer.param_groups[0]["lr"]
        assert [rates.rate(STEPS * epoch + step) for step in range(STEPS)] == pytest.approx(
            [expected] * STEPS, rel=1e-12
        )
        optimizer.step()
        reference.step()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("constant", [0.1] * 5),
        ("linear", [0.1, 0.325, 0.55, 0.775, 1.0]),
        ("exp", [10 ** (k / 4 - 1) for k in range(5)]),
    ],
)
def test_warm_up_overwrites_the_schedule_up_to_its_last_step(name: str, expected: list[float]) -> None:
    """Steps 0 to 4 of a warm-up of 4, the milestone after epoch 1 notwithstanding; then the schedule."""
    early = MultiStepConfig(name="MultiStepLR", milestones=(1,), gamma=0.5)
    rates = LearningRates(schedule(early, WarmupConfig(name=name, steps=4, ratio=0.1)), STEPS)
    assert [rates.factor(step) for step in range(6)] == pytest.approx([*expected, 0.5])


@pytest.mark.parametrize("stops", [[], [1, 88, 90, 134, 135, 149]], ids=["at once", "resumed"])
def test_recipe_of_fifty_epochs_in_the_real_loop(tmp_path: Path, stops: list[int]) -> None:
    """1e-3 in the epochs 1 to 30, 1e-4 to 45, 1e-5 to 50: what the engine is handed, however often it was stopped."""
    handed = []
    for stop in [*stops, None]:
        engine = FakeEngine()
        parts = {"engine": engine, "batches": FakeBatches(STEPS), "config": config(epochs=50), "validate": None}
        end = go_on(tmp_path, **parts, max_steps=stop).run()
        assert end == (End.STOPPED if stop else End.FINISHED)
        handed += engine.factors
    rates = [1e-3 * factor for _, factor in handed]
    assert [epoch for epoch, _ in handed] == [epoch for epoch in range(50) for _ in range(STEPS)]
    for epoch, rate in ((1, 1e-3), (30, 1e-3), (31, 1e-4), (45, 1e-4), (46, 1e-5), (50, 1e-5)):
        assert rates[STEPS * (epoch - 1) : STEPS * epoch] == pytest.approx([rate] * STEPS, rel=1e-12)
    assert load_config("nanodet-plus-m_320-voc").schedule.total_epochs == 50


def test_rates_are_logged_as_they_were_handed(tmp_path: Path) -> None:
    told = []

    class Listener:
        train = staticmethod(told.append)
        validation = staticmethod(lambda record: None)

    engine = FakeEngine()
    training(tmp_path, engine=engine, monitors=[Listener]).run()
    assert [record["lr"] for record in told] == [1e-3 * factor for _, factor in engine.factors]
    assert [(record["epoch"], record["step"], record["batch"]) for record in told[:6]] == [
        (1, 1, 1), (1, 2, 2), (1, 3, 3), (1, 4, 4), (1, 5, 5), (2, 6, 1),
    ]  # fmt: skip
