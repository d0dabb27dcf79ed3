"""Every emulated layer against PyTorch's, in float64: 1e-12 of the maximum is rounding, another formula is far off."""

import numpy as np
import pytest
import torch
from torch import nn

from alignment_tests.jtmigrate.compare.causes.faults import noise, seeded
from jtmigrate.compare.emulation import LAYERS, emulate, family
from jtmigrate.compare.emulation.normalisation import running_statistics
from jtmigrate.compare.emulation.optimizers import emulate_step
from jtmigrate.frameworks.torch_optimizer import read_optimizer
from jtmigrate.frameworks.torch_settings import settings

IMAGE = noise(2, 4, 11, 9).astype(np.float64)
ROWS = noise(6, 5).astype(np.float64)
SIGNAL = noise(2, 4, 13).astype(np.float64)
LABELS = np.array([0, 4, 2, -100, 1, 3])
LIKELY = np.abs(np.tanh(ROWS))
OTHER = noise(6, 5, seed=3).astype(np.float64)

CASES = [
    (nn.Linear(5, 3), ROWS),
    (nn.Conv1d(4, 6, 3, padding="same", dilation=2), SIGNAL),
    (nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), groups=2), IMAGE),
    (nn.Conv2d(4, 4, 3, padding=2, dilation=2, groups=4, padding_mode="reflect", bias=False), IMAGE),
    (nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular"), IMAGE),
    (nn.Conv3d(4, 2, 2, padding=1), noise(1, 4, 4, 5, 6).astype(np.float64)),
    (nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), IMAGE),
    (nn.ConvTranspose1d(4, 2, 4, stride=3, dilation=2), SIGNAL),
    (nn.Embedding(7, 3), np.array([[0, 6], [3, 3]])),
    (nn.BatchNorm2d(4, eps=1e-3), IMAGE),
    (nn.BatchNorm1d(5).train(), ROWS),
    (nn.BatchNorm2d(4, affine=False, track_running_stats=False), IMAGE),
    (nn.InstanceNorm2d(4, affine=True), IMAGE),
    (nn.GroupNorm(2, 4), IMAGE),
    (nn.LayerNorm((11, 9)), IMAGE),
    (nn.MaxPool2d(3, 2, 1), IMAGE),
    (nn.MaxPool2d(3, 2, 1, ceil_mode=True), IMAGE),
    (nn.MaxPool2d(2, 3, ceil_mode=True), IMAGE),
    (nn.MaxPool1d(3, dilation=2), SIGNAL),
    (nn.AvgPool2d(3, 2, 1), IMAGE),
    (nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False), IMAGE),
    (nn.AvgPool2d((2, 4), 3, ceil_mode=True), IMAGE),
    (nn.AdaptiveAvgPool2d((4, 5)), IMAGE),
    (nn.AdaptiveAvgPool2d((None, 2)), IMAGE),
    (nn.AdaptiveMaxPool2d(3), IMAGE),
    (nn.Upsample(scale_factor=2), IMAGE),
    (nn.Upsample(size=(7, 20), mode="bilinear"), IMAGE),
    (nn.Upsample(scale_factor=1.7, mode="bilinear"), IMAGE),
    (nn.Upsample(scale_factor=(2, 3), mode="bilinear", align_corners=True), IMAGE),
    (nn.PixelShuffle(2), IMAGE),
    (nn.Dropout(0.5), IMAGE),
    (nn.PReLU(4), IMAGE),
    (nn.Softmax(1), ROWS),
    (nn.LogSoftmax(0), ROWS),
    (nn.LeakyReLU(0.2), ROWS),
    (nn.ELU(0.7), ROWS),
    (nn.GELU(), ROWS),
    (nn.GELU("tanh"), ROWS),
    (nn.Softplus(2, 3), 9 * ROWS),
    (nn.Hardtanh(-0.5, 0.7), ROWS),
    *((layer(), 4 * ROWS) for layer in (nn.ReLU, nn.ReLU6, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.SELU, nn.Hardswish)),
    *((layer(), 4 * ROWS) for layer in (nn.Hardsigmoid, nn.Mish, nn.Softsign, nn.LogSigmoid, nn.Identity)),
    *((nn.MSELoss(reduction=how), (ROWS, OTHER)) for how in ("mean", "sum", "none")),
    (nn.L1Loss(), (ROWS, OTHER)),
    (nn.SmoothL1Loss(beta=0.3), (ROWS, OTHER)),
    (nn.HuberLoss(delta=0.3), (ROWS, OTHER)),
    (nn.BCELoss(), (LIKELY, (OTHER > 0).astype(np.float64))),
    (nn.BCEWithLogitsLoss(), (ROWS, LIKELY)),
    (nn.CrossEntropyLoss(), (ROWS, LABELS)),
    (nn.CrossEntropyLoss(label_smoothing=0.1, reduction="sum"), (ROWS, LABELS)),
    (nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2, 3, 4, 5])), (ROWS, LABELS)),
]


@pytest.mark.parametrize(("layer", "inputs"), CASES, ids=[type(layer).__name__ for layer, _ in CASES])
def test_a_layer(layer, inputs):
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    layer = seeded(layer).train(layer.training).double()
    state = {name: tensor.numpy().copy() for name, tensor in layer.state_dict().items()}
    expected = layer(*(torch.tensor(array) for array in inputs)).detach().numpy()
    found = emulate(type(layer).__name__, inputs, state, settings(layer))
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_every_layer_is_tested():
    named_by_numpy = {"exp", "square", "abs"}
    others = {"SyncBatchNorm", "UpsamplingBilinear", "UpsamplingNearest"}
    assert {family(type(layer).__name__) for layer, _ in CASES} == LAYERS.keys() - named_by_numpy - others


def test_what_is_not_known_is_not_computed():
    assert emulate("LSTM", [ROWS], {}, {}) is None


@pytest.mark.parametrize("momentum", [0.1, 0.37])
def test_running_statistics(momentum):
    layer = seeded(nn.BatchNorm2d(4, momentum=momentum)).double().train()
    before = {name: tensor.numpy().copy() for name, tensor in layer.state_dict().items()}
    layer(torch.tensor(IMAGE))
    for name, found in running_statistics(IMAGE, before, settings(layer)).items():
        np.testing.assert_allclose(found, layer.state_dict()[name].numpy(), rtol=1e-12)


@pytest.mark.parametrize(
    "build",
    [
        lambda p: torch.optim.SGD(p, 0.1, weight_decay=0.1),
        lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, dampening=0.3, maximize=True),
        lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True),
        lambda p: torch.optim.Adam(p, 0.1, weight_decay=0.1, amsgrad=True),
        lambda p: torch.optim.AdamW(p, 0.1, betas=(0.8, 0.99), eps=1e-3),
        lambda p: torch.optim.RMSprop(p, 0.1, centered=True, momentum=0.5, weight_decay=0.1),
    ],
)
def test_three_steps_of_an_optimizer(build):
    model = seeded(nn.Linear(5, 3)).double()
    optimizer = build(model.parameters())
    for step in range(3):
        optimizer.zero_grad()
        model(torch.tensor(ROWS) * (step + 1)).square().sum().backward()
        state = read_optimizer(optimizer, model)
        before = {name: tensor.detach().numpy().copy() for name, tensor in model.named_parameters()}
        optimizer.step()
        after = read_optimizer(optimizer, model)
        for name, parameter in model.named_parameters():
            options = state.groups[0].options
            gradient = parameter.grad.numpy()
            found, slots = emulate_step(state.kind, options, before[name], gradient, state.slots.get(name, {}))
            np.testing.assert_allclose(found, parameter.detach().numpy(), rtol=1e-12, atol=1e-14)
            for slot, array in slots.items():
                np.testing.assert_allclose(array, after.slots[name][slot], rtol=1e-12)
