"""`nanodet_ref_torch` against the values of the original NanoDet-Plus code."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

import nanodet_ref_torch
from alignment_tests import golden


def recipe_model(config: str, dtype: str) -> "nanodet_ref_torch.NanoDetPlus":
    model = nanodet_ref_torch.build_model(config, num_classes=20)
    state = {name: golden.recipe_value(name, tuple(v.shape)) for name, v in model.state_dict().items()}
    model.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    return model.to(getattr(torch, dtype)).train()


@pytest.mark.parametrize("config", golden.PUBLISHED_CONFIGS)
def test_names_shapes_and_dtypes_are_the_originals(config: str, shared: Path) -> None:
    model = nanodet_ref_torch.build_model(config, num_classes=20)
    expected = json.loads((shared / "golden" / f"{config}.names.json").read_text())["names"]
    found = [[name, list(v.shape), str(v.dtype).removeprefix("torch.")] for name, v in model.state_dict().items()]
    assert found == expected


def test_head_output_and_every_module_with_trained_weights(shared: Path) -> None:
    """Every module within 4e-6 of its maximum, the head within 2e-5 (values reach 27): float32 rounding."""
    model = nanodet_ref_torch.build_model("nanodet-plus-m_416", num_classes=20, auxiliary=False).eval()
    checkpoint = torch.load(shared / "weights" / "nanodet-plus-m_416_voc20.pth", weights_only=True)
    model.load_state_dict(checkpoint["state_dict"])
    arrays = np.load(shared / "golden" / "forward_voc20_416.npz")
    outputs = {}
    for name, module in model.named_modules():
        module.register_forward_hook(partial(record, outputs, name))
    with torch.no_grad():
        head = model(torch.from_numpy(arrays["img"])).numpy()
    assert np.abs(head - arrays["head"]).max() <= 2e-5
    modules = json.loads((shared / "golden" / "forward_voc20_416.json").read_text())["modules"]
    assert set(modules) <= set(outputs)
    for name, expected in modules.items():
        error = np.abs(outputs[name][expected["at"]] - expected["values"]).max()
        assert error <= 4e-6 * expected["absmax"], name


def record(outputs: dict[str, np.ndarray], name: str, module: torch.nn.Module, inputs: tuple, output: object) -> None:
    """A hook; copies, because in-place activations overwrite what it is shown."""
    if isinstance(output, torch.Tensor):
        outputs[name] = output.numpy().ravel().copy()


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("config", golden.RECIPE_CONFIGS)
def test_losses_gradients_statistics_and_adamw(config: str, dtype: str, shared: Path) -> None:
    values, bounds = golden.training_golden(shared, config), golden.BOUNDS[dtype]
    expected = values[dtype]
    images, boxes, labels = golden.batch(shared, values)
    model = recipe_model(config, dtype)
    start = {name: p.detach().numpy().copy() for name, p in model.named_parameters()}
    optimizer = torch.optim.AdamW(model.parameters(), **golden.ADAMW)
    for number in range(len(expected["adamw"]["steps"])):
        loss, parts = model.loss(torch.from_numpy(images.astype(dtype)), boxes, labels)
        optimizer.zero_grad()
        loss.backward()
        if number == 0:
            assert loss.item() == pytest.approx(expected["loss"], rel=bounds["loss"])
            assert {name: part.item() for name, part in parts.items()} == pytest.approx(
                expected["states"], rel=bounds["loss"]
            )
            gradients = {name: p.grad.numpy() for name, p in model.named_parameters()}
            assert not golden.excess(gradients, expected["grad"], own=bounds["gradient"], overall=bounds["overall"])
            running = {name: v.numpy() for name, v in model.state_dict().items() if ".running_" in name}
            assert not golden.excess(running, expected["running"], own=bounds["running"], overall=0)
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), golden.MAX_GRADIENT_NORM)
        clipped = sum(p.grad.double().square().sum() for p in model.parameters()).sqrt()
        golden.assert_step(
            values,
            dtype,
            number,
            loss=loss.item(),
            norm=norm.item(),
            clipped=clipped.item(),
            tolerance=bounds["step"],
        )
        optimizer.step()
    states = {name: optimizer.state[p] for name, p in model.named_parameters()}
    golden.assert_adamw(
        values,
        dtype,
        delta={name: p.detach().numpy() - start[name] for name, p in model.named_parameters()},
        exp_avg={name: state["exp_avg"].numpy() for name, state in states.items()},
        exp_avg_sq={name: state["exp_avg_sq"].numpy() for name, state in states.items()},
        own=bounds["gradient"],
        overall=bounds["overall"],
    )


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("config", golden.RECIPE_CONFIGS)
def test_auxiliary_branch_is_detached_from_detach_epoch_on(config: str, dtype: str, shared: Path) -> None:
    values = golden.training_golden(shared, config)
    expected = values[f"{dtype}_detached"]
    images, boxes, labels = golden.batch(shared, values)
    model = recipe_model(config, dtype)
    model.epoch = expected["epoch"]
    loss, _ = model.loss(torch.from_numpy(images.astype(dtype)), boxes, labels)
    loss.backward()
    norm = sum(p.grad.double().square().sum() for p in model.backbone.parameters()).sqrt()
    assert loss.item() == pytest.approx(expected["loss"], rel=golden.BOUNDS[dtype]["loss"])
    assert norm.item() == pytest.approx(expected["backbone_grad_l2"], rel=golden.BOUNDS[dtype]["gradient"])
