"""A run goes on only with what it was begun with."""

import pytest

from nanodet_common.config import Config, load_config
from nanodet_common.config_training import CosineConfig
from nanodet_common.errors import InputError
from nanodet_common.training.checkpoint import Identity
from nanodet_common.training.resume import check_same


def identity(seed: int = 0, data: str = "a", **schedule: object) -> Identity:
    config: Config = load_config("nanodet-plus-m_320-voc")
    config = config.model_copy(update={"schedule": config.schedule.model_copy(update=schedule)})
    return Identity(config.to_yaml(), seed, data)


@pytest.mark.parametrize("same", [{}, {"total_epochs": 60}, {"val_intervals": 1}])
def test_length_and_validation_may_change(same: dict[str, object]) -> None:
    check_same(identity(), identity(**same), "runs/a")


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (identity(seed=1), "runs/a: the run was begun with the seed 0, not 1; go on with the same"),
        (identity(data="b"), "runs/a: the run was begun with another training set"),
        (
            identity(accumulate=2),
            "runs/a: the run was begun with schedule.accumulate 1, not 2; go on with the same --acc",
        ),
    ],
)
def test_what_a_step_depends_on_may_not(other: Identity, message: str) -> None:
    with pytest.raises(InputError) as refusal:
        check_same(identity(), other, "runs/a")
    assert str(refusal.value).startswith(message)


def test_the_length_of_a_cosine_names_its_option() -> None:
    saved, own = (
        identity(lr_schedule=CosineConfig(name="CosineAnnealingLR", T_max=epochs, eta_min=0)) for epochs in (4, 5)
    )
    with pytest.raises(
        InputError, match=r"begun with schedule\.lr_schedule\.T_max 4, not 5; go on with the same --epochs"
    ):
        check_same(saved, own, "runs/a")
