"""`nanodet_jittor` against the values of the original NanoDet-Plus code."""

import json
from contextlib import contextmanager
from pathlib import Path

import jittor as jt
import numpy as np
import pytest
import torch

import nanodet_jittor
from alignment_tests import golden
from jtmigrate.checkpoint import read_checkpoint
from jtmigrate.parity.optim import AdamW, clip_grad_norm

SAME_KERNELS = torch.backends.cpu.get_cpu_capability() == "AVX512"
"""With AVX-512, Jittor's convolutions return most of PyTorch's bits, and float32 gradients are within 1 % of its own.

Without, activations near zero fall on other sides of a LeakyReLU, each of which moves gradients by as much.
"""


@contextmanager
def precision(dtype: str):
    """Keep float64 arrays what they are on their way into Jittor."""
    with jt.flag_scope(auto_convert_64_to_32=0 if dtype == "float64" else 1):
        yield


def recipe_model(config: str, dtype: str) -> "nanodet_jittor.NanoDetPlus":
    model = nanodet_jittor.build_model(config, num_classes=20)
    model.load_state_dict({name: golden.recipe_value(name, tuple(v.shape)) for name, v in model.state_dict().items()})
    if dtype == "float64":
        model.float64()
    model.train()
    return model


@pytest.mark.parametrize("config", golden.PUBLISHED_CONFIGS)
def test_names_and_shapes_are_the_originals(config: str, shared: Path) -> None:
    """All but `num_batches_tracked`, which Jittor does not have; a 0-d tensor has shape (1,) in Jittor."""
    model = nanodet_jittor.build_model(config, num_classes=20)
    expected = json.loads((shared / "golden" / f"{config}.names.json").read_text())["names"]
    expected = {name: (shape or [1], dtype) for name, shape, dtype in expected if "num_batches" not in name}
    assert {name: (list(v.shape), str(v.dtype)) for name, v in model.state_dict().items()} == expected


def test_parameters_are_the_originals_without_buffers(shared: Path) -> None:
    model = nanodet_jittor.build_model("nanodet-plus-m_320", num_classes=20)
    gradients = golden.training_golden(shared, "nanodet-plus-m_320")["float64"]["grad"]
    assert {name for name, _ in model.named_parameters()} == set(gradients)
    assert len(model.parameters()) == len(gradients)


def test_head_output_with_trained_weights(shared: Path) -> None:
    """Within 5e-5 absolute, of values that reach 27: float32 rounding over the whole detector."""
    model = nanodet_jittor.build_model("nanodet-plus-m_416", num_classes=20, auxiliary=False)
    model.load_state_dict(dict(read_checkpoint(shared / "weights" / "nanodet-plus-m_416_voc20.pth").tensors))
    model.eval()
    arrays = np.load(shared / "golden" / "forward_voc20_416.npz")
    with jt.no_grad():
        head = model(jt.array(arrays["img"])).numpy()
    assert np.abs(head - arrays["head"]).max() <= 5e-5


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("config", golden.RECIPE_CONFIGS)
def test_losses_gradients_statistics_and_adamw(config: str, dtype: str, shared: Path) -> None:
    values, bounds = golden.training_golden(shared, config), golden.BOUNDS[dtype]
    expected = values[dtype]
    images, boxes, labels = golden.batch(shared, values)
    with precision(dtype):
        model = recipe_model(config, dtype)
        names = [name for name, _ in model.named_parameters()]
        start = {name: p.numpy().copy() for name, p in model.named_parameters()}
        optimizer = AdamW(model.parameters(), **golden.ADAMW)
        for number in range(len(expected["adamw"]["steps"])):
            loss, parts = model.loss(jt.array(images.astype(dtype)), boxes, labels)
            optimizer.backward(loss)
            if number == 0:
                assert loss.item() == pytest.approx(expected["loss"], rel=bounds["loss"])
                assert {name: part.item() for name, part in parts.items()} == pytest.approx(
                    expected["states"], rel=bounds["loss"]
                )
                gradients = {name: p.opt_grad(optimizer).numpy() for name, p in model.named_parameters()}
                if dtype == "float64" or SAME_KERNELS:
                    assert not golden.excess(
                        gradients, expected["grad"], own=bounds["gradient"], overall=bounds["overall"]
                    )
                else:
                    zero = golden.zero_gradients(values)
                    golden.assert_within_noise(gradients, expected["grad"], values["float64"]["grad"], zero)
                running = {name: v.numpy() for name, v in model.state_dict().items() if ".running_" in name}
                assert not golden.excess(running, expected["running"], own=bounds["running"], overall=0)
            norm = clip_grad_norm(optimizer, golden.MAX_GRADIENT_NORM).item()
            clipped = np.sqrt(sum(np.square(g.numpy(), dtype=float).sum() for g in optimizer.param_groups[0]["grads"]))
            golden.assert_step(
                values, dtype, number, loss=loss.item(), norm=norm, clipped=clipped, tolerance=bounds["step"]
            )
            optimizer.step()
        group = optimizer.param_groups[0]
        golden.assert_adamw(
            values,
            dtype,
            delta={name: p.numpy() - start[name] for name, p in model.named_parameters()},
            exp_avg=dict(zip(names, (m.numpy() for m in group["m"]), strict=True)),
            exp_avg_sq=dict(zip(names, (v.numpy() for v in group["values"]), strict=True)),
            own=bounds["gradient"],
            overall=bounds["overall"],
        )


@pytest.mark.slow
@pytest.mark.parametrize("config", golden.RECIPE_CONFIGS)
def test_auxiliary_branch_is_detached_from_detach_epoch_on(config: str, shared: Path) -> None:
    values = golden.training_golden(shared, config)
    expected = values["float32_detached"]
    images, boxes, labels = golden.batch(shared, values)
    model = recipe_model(config, "float32")
    model.epoch = expected["epoch"]
    loss, _ = model.loss(jt.array(images), boxes, labels)
    gradients = jt.grad(loss, model.backbone.parameters())
    norm = np.sqrt(sum(np.square(g.numpy(), dtype=float).sum() for g in gradients))
    assert loss.item() == pytest.approx(expected["loss"], rel=golden.BOUNDS["float32"]["loss"])
    assert norm == pytest.approx(expected["backbone_grad_l2"], rel=golden.BOUNDS["float32"]["gradient"])
