"""The PyTorch trainer: against the original, and against itself after a pause."""

from pathlib import Path

import pytest
import torch

from alignment_tests import trainers


@pytest.mark.slow
def test_steps_are_the_originals(shared: Path) -> None:
    trainers.assert_golden_steps(shared, "torch")


def test_goes_on_bit_for_bit() -> None:
    trainers.assert_resumes("torch")


def test_accumulated_parts_make_their_mean_step() -> None:
    trainers.assert_parts_are_averaged("torch")


def test_refuses_a_state_that_does_not_fit() -> None:
    trainers.assert_refuses("torch")


def test_every_group_keeps_its_own_rate() -> None:
    options = {"no_bias_decay": True, "param_level_cfg": {"backbone": {"lr_mult": 0.1}}}
    optimizer = trainers.config().schedule.optimizer.model_validate(
        {"name": "AdamW", "lr": 1e-3, "weight_decay": 0.05} | options
    )
    engine = trainers.trainer("torch", trainers.config(optimizer=dict(optimizer)))
    engine.step(trainers.batch(), 0.25, epoch=0)
    rates = {(group["lr"], group["weight_decay"]) for group in engine.state()["optimizer"]["param_groups"]}
    assert rates == {(1e-4 * 0.25, 0.05), (1e-4 * 0.25, 0.0), (1e-3 * 0.25, 0.05), (1e-3 * 0.25, 0.0)}


def test_with_precision_16_the_modules_compute_in_bfloat16_and_nothing_else_does() -> None:
    """1e-6 of the loss, float32 rounding: decoding, assignment and losses get the modules' own bfloat16 outputs."""
    found, batch = trainers.config(), trainers.batch()
    half = found.model_copy(update={"device": found.device.model_copy(update={"precision": 16})})
    rounded = trainers.trainer("torch", half).step(batch, 1.0, epoch=0)

    model, images = trainers.trainer("torch", found).model, torch.from_numpy(batch.images)
    with torch.autocast("cpu", torch.bfloat16):
        outputs = model.forward_train(images)
    assert outputs[0].dtype is torch.bfloat16
    model.forward_train = lambda images: tuple(output.float() for output in outputs)
    expected, _ = model.loss(images, list(batch.boxes), list(batch.labels))
    assert rounded.losses["loss"] == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize(("gpu_ids", "told"), [((0, 1), 1), (-1, 0)])
def test_says_that_there_is_no_gpu(
    gpu_ids: object, told: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    found = trainers.config()
    device = found.device.model_copy(update={"gpu_ids": gpu_ids})
    trainers.trainer("torch", found.model_copy(update={"device": device}))
    said = "device.gpu_ids is [0, 1], but PyTorch finds no GPU: training on the CPU\n"
    assert capsys.readouterr().err == told * said
