"""Each layer of `jtmigrate.parity.nn` against its original."""

import copy

import jittor as jt
import numpy as np
import pytest
import torch

from alignment_tests.jtmigrate.parity.against_torch import assert_close, assert_same
from jtmigrate.parity import nn

BOTH = pytest.mark.parametrize("dtype", ["float32", "float64"])
IMAGES = np.random.RandomState(7).standard_normal((2, 32, 9, 11)) * 3


def fill(original: torch.nn.Module, port: nn.Module, dtype: str) -> None:
    """Give both layers the same random parameters and statistics, in `dtype`."""
    generator = np.random.RandomState(1)
    for tensor in original.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.from_numpy(generator.uniform(0.5, 1.5, tuple(tensor.shape))))
    port.load_state_dict({name: tensor.numpy() for name, tensor in original.state_dict().items()})
    if dtype == "float64":
        original.double()
        port.float64()


@BOTH
@pytest.mark.parametrize("mean", [0, 30, 3000])
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_batch_norm(training: bool, mean: int, dtype: str) -> None:
    """At mean 3000 PyTorch itself is only good to 1e-4 in float32: it computes x * scale + shift."""
    original, port = torch.nn.BatchNorm2d(32), nn.BatchNorm2d(32)
    fill(original, port, dtype)
    original.train(training)
    port.train() if training else port.eval()
    limit = {0: 1, 30: 4, 3000: 300}[mean] * {"float32": 1e-6, "float64": 4e-15}[dtype]
    assert_same(original, port, IMAGES + mean, dtype=dtype, tolerance=limit)
    for name in ("running_mean", "running_var"):
        found, expected = getattr(port, name).numpy(), getattr(original, name).numpy()
        assert_close(found, expected, dtype, 1e-6 if dtype == "float32" else 1e-14)


@pytest.mark.skipif(torch.backends.cpu.get_cpu_capability() == "DEFAULT", reason="a CPU without FMA")
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("mean", [0, 30])
def test_batch_norm_has_the_same_bits(training: bool, mean: int) -> None:
    """Else activations near zero fall on the other side of a LeakyReLU, which moves gradients by a percent."""
    original, port = torch.nn.BatchNorm2d(32), nn.BatchNorm2d(32)
    fill(original, port, "float32")
    original.train(training)
    port.train() if training else port.eval()
    images = (IMAGES + mean).astype(np.float32)
    found, expected = port(jt.array(images)).numpy(), original(torch.from_numpy(images)).detach().numpy()
    assert (found == expected).all()


def test_batch_norm_refuses_a_single_value_per_channel() -> None:
    layer = nn.BatchNorm2d(4)
    layer.train()
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        layer(jt.ones((1, 4, 1, 1)))


@BOTH
@pytest.mark.parametrize("mean", [0, 30])
def test_group_norm(mean: int, dtype: str) -> None:
    original, port = torch.nn.GroupNorm(8, 32), nn.GroupNorm(8, 32)
    fill(original, port, dtype)
    limit = {0: 1, 30: 10}[mean] * {"float32": 1e-6, "float64": 4e-15}[dtype]
    assert_same(original, port, IMAGES + mean, dtype=dtype, tolerance=limit)


@BOTH
@pytest.mark.parametrize(
    ("original", "port"),
    [
        (torch.nn.LeakyReLU(0.1), nn.LeakyReLU(0.1)),
        (torch.nn.MaxPool2d(3, 2, 1), nn.MaxPool2d(3, 2, 1)),
        (torch.nn.Upsample(scale_factor=2, mode="bilinear"), nn.Upsample(scale_factor=2, mode="bilinear")),
    ],
    ids=["LeakyReLU", "MaxPool2d", "Upsample"],
)
def test_layers_without_parameters(original: torch.nn.Module, port: nn.Module, dtype: str) -> None:
    """With negative values at the border, where padding with 0 instead of -inf would show."""
    assert_same(copy.deepcopy(original), port, IMAGES - 3, dtype=dtype)


class WithBuffer(nn.Module):
    """One parameter, one buffer, one layer with two of each."""

    def __init__(self):
        super().__init__()
        self.scale = jt.ones((3,))
        self.register_buffer("project", jt.array(np.arange(3, dtype=np.float32)))
        self.norm = nn.BatchNorm2d(3)


def test_buffers_are_saved_but_are_no_parameters() -> None:
    model = WithBuffer()
    names = [name for name, _ in model.named_parameters()]
    assert names == ["scale", "norm.weight", "norm.bias"]
    assert len(model.parameters()) == 3
    assert set(model.state_dict()) == {*names, "project", "norm.running_mean", "norm.running_var"}


def test_buffers_are_never_trained() -> None:
    """Stock Jittor decays and trains them, and `eval()` followed by `train()` unfreezes what was frozen."""
    model = WithBuffer()
    model.eval()
    model.train()
    optimizer = jt.optim.SGD(model.parameters(), lr=0.5, weight_decay=0.1)
    before = model.project.numpy().copy()
    optimizer.step((model.project * model.scale).sum())
    assert (model.project.numpy() == before).all()
    assert (model.scale.numpy() != 1).any()


def test_float64_and_back_takes_buffers_along() -> None:
    model = WithBuffer().float64()
    assert {str(var.dtype) for var in model.state_dict().values()} == {"float64"}
    assert {str(var.dtype) for var in model.float32().state_dict().values()} == {"float32"}
