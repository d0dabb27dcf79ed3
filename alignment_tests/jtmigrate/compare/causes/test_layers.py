"""Single layers with one fault each, told with settings and without: the numbers alone have to name the cause."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from alignment_tests.jtmigrate.compare.causes.faults import noise, patched, seeded, torch_pair
from jtmigrate.compare.causes import all_causes

IMAGE = noise(2, 4, 9, 9)
ROWS = noise(6, 5)
NEGATIVE = -np.abs(noise(2, 4, 9, 9)) - 0.1


def conv(**settings):
    return nn.Conv2d(4, 4, 3, **{"padding": 1, **settings})


FAULTS = {
    "bias_left_out": (
        conv,
        lambda: patched(conv(), lambda m, x: F.conv2d(x, m.weight, padding=1)),
        IMAGE,
        "missing bias",
    ),
    "bias_added_twice": (
        conv,
        lambda: patched(conv(), lambda m, x: F.conv2d(x, m.weight, 2 * m.bias, padding=1)),
        IMAGE,
        "twice",
    ),
    "weight_used_transposed": (
        lambda: nn.Linear(5, 5),
        lambda: patched(nn.Linear(5, 5), lambda m, x: x @ m.weight + m.bias),
        ROWS,
        "transposed",
    ),
    "kernel_flipped": (
        conv,
        lambda: patched(conv(), lambda m, x: F.conv2d(x, m.weight.flip(2, 3), m.bias, padding=1)),
        IMAGE,
        "flipped",
    ),
    "input_channels_reversed": (
        lambda: nn.Conv2d(3, 4, 3),
        lambda: patched(nn.Conv2d(3, 4, 3), lambda m, x: F.conv2d(x.flip(1), m.weight, m.bias)),
        noise(2, 3, 9, 9),
        "BGR",
    ),
    "padding_mode": (conv, lambda: conv(padding_mode="reflect"), IMAGE, "padding_mode is 'reflect'"),
    "window": (lambda: conv(stride=2), lambda: conv(stride=1), IMAGE, "stride is (1, 1) instead of (2, 2)"),
    "dilation_and_padding": (conv, lambda: conv(dilation=2, padding=2), IMAGE, "dilation is 2"),
    "padded_with_zeros": (
        lambda: nn.MaxPool2d(3, 2, 1),
        lambda: patched(nn.MaxPool2d(3, 2, 1), lambda m, x: F.max_pool2d(F.pad(x, (1, 1, 1, 1)), 3, 2)),
        NEGATIVE,
        "pads with zeros",
    ),
    "ceil_mode": (
        lambda: nn.MaxPool2d(2, 2),
        lambda: nn.MaxPool2d(2, 2, ceil_mode=True),
        IMAGE,
        "ceil_mode is True instead of False",
    ),
    "overhanging_window": (
        lambda: nn.AvgPool2d(2, 3, 1, ceil_mode=True),
        lambda: patched(nn.AvgPool2d(2, 3, 1), lambda m, x: F.avg_pool2d(F.pad(x, (1, 3, 1, 3)), 2, 3)),
        noise(2, 4, 8, 8),
        "begins beyond the image",
    ),
    "count_include_pad": (
        lambda: nn.AvgPool2d(3, 2, 1),
        lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False),
        IMAGE,
        "count_include_pad is False",
    ),
    "even_windows": (
        lambda: nn.AdaptiveAvgPool2d(4),
        lambda: patched(nn.AdaptiveAvgPool2d(4), lambda m, x: F.avg_pool2d(x, 4, 2)),
        noise(2, 4, 10, 10),
        "adaptive windows",
    ),
    "other_pool": (lambda: nn.MaxPool2d(2), lambda: nn.AvgPool2d(2), IMAGE, "AvgPool instead of MaxPool"),
    "eps": (lambda: nn.BatchNorm2d(4), lambda: nn.BatchNorm2d(4, eps=1e-3), IMAGE, "eps is 0.001 instead of 1e-05"),
    "batch_statistics": (
        lambda: nn.BatchNorm2d(4),
        lambda: patched(nn.BatchNorm2d(4), lambda m, x: F.batch_norm(x, None, None, m.weight, m.bias, training=True)),
        IMAGE,
        "batch's statistics",
    ),
    "scale_left_out": (
        lambda: nn.GroupNorm(2, 4),
        lambda: patched(nn.GroupNorm(2, 4), lambda m, x: F.group_norm(x, 2)),
        IMAGE,
        "affine=False",
    ),
    "sample_variance": (
        lambda: nn.LayerNorm(5),
        lambda: patched(
            nn.LayerNorm(5),
            lambda m, x: (x - x.mean(-1, True)) / torch.sqrt(x.var(-1, keepdim=True) + m.eps) * m.weight + m.bias,
        ),
        ROWS,
        "unbiased variance",
    ),
    "num_groups": (lambda: nn.GroupNorm(2, 4), lambda: nn.GroupNorm(4, 4), IMAGE, "num_groups is 4 instead of 2"),
    "other_normalisation": (
        lambda: nn.InstanceNorm2d(4, affine=True),
        lambda: nn.GroupNorm(1, 4),
        IMAGE,
        "GroupNorm instead of InstanceNorm",
    ),
    "missing_activation": (nn.SiLU, lambda: patched(nn.SiLU(), lambda m, x: x), IMAGE, "activation is missing"),
    "negative_slope": (lambda: nn.LeakyReLU(0.1), nn.LeakyReLU, IMAGE, "negative_slope is 0.01 instead of 0.1"),
    "activation_setting": (nn.ELU, lambda: nn.ELU(0.7), IMAGE, "alpha is 0.7 instead of 1"),
    "approximated_gelu": (nn.GELU, lambda: nn.GELU("tanh"), ROWS, "approximate is 'tanh'"),
    "other_activation": (nn.SiLU, nn.ReLU, IMAGE, "ReLU instead of SiLU"),
    "softmax_dim": (lambda: nn.Softmax(1), lambda: nn.Softmax(0), ROWS, "softmax runs over axis 0"),
    "logarithm": (lambda: nn.LogSoftmax(1), lambda: nn.Softmax(1), ROWS, "Softmax instead of LogSoftmax"),
    "align_corners": (
        lambda: nn.Upsample(scale_factor=2, mode="bilinear"),
        lambda: nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
        IMAGE,
        "align_corners is True",
    ),
    "resize_mode": (
        lambda: nn.Upsample(scale_factor=2, mode="nearest"),
        lambda: nn.Upsample(scale_factor=2, mode="bilinear"),
        IMAGE,
        "mode is 'bilinear' instead of 'nearest'",
    ),
    "scale_factor": (
        lambda: nn.Upsample(scale_factor=2),
        lambda: nn.Upsample(scale_factor=3),
        IMAGE,
        "scale_factor is (3.0, 3.0)",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("tells_settings", [False, True], ids=["by numbers", "settings told"])
def test_the_cause_is_named(name, tells_settings):
    right, wrong, inputs, words = FAULTS[name]
    found = torch_pair(seeded(nn.Sequential(right())), nn.Sequential(wrong()), inputs, tells_settings=tells_settings)
    assert found.result.first_fault.key == "0"
    assert name in found.causes
    assert words in found.causes[name]
    first = next(iter(found.causes))
    assert first == name or (tells_settings and first == "other_setting"), found.causes


@pytest.mark.parametrize("name", FAULTS)
def test_a_right_layer_has_no_cause(name):
    """Told that a layer is at fault that is not, every hypothesis is silent, last resorts aside."""
    right, _, inputs, _ = FAULTS[name]
    found = torch_pair(seeded(nn.Sequential(right())), nn.Sequential(right()), inputs)
    assert found.result, found.result.failures
    causes = dict(all_causes(found.suspect_at(found.result.layers[0])))
    assert set(causes) <= {"other_computation"}


@pytest.mark.parametrize("magnitude", [1e-2, 1e-4, 1e-5])
def test_small_faults_are_named_by_their_numbers(magnitude):
    """The float64 run shows what float32 rounds away."""
    slope = 0.1 * (1 + magnitude)
    found = torch_pair(
        nn.Sequential(nn.LeakyReLU(0.1)), nn.Sequential(nn.LeakyReLU(slope)), IMAGE, tells_settings=False
    )
    assert f"negative_slope is {slope:.8g} instead of 0.1" in found.result.cause
    wide = torch_pair(
        seeded(nn.Sequential(nn.BatchNorm2d(4))),
        nn.Sequential(nn.BatchNorm2d(4, eps=1e-5 + magnitude)),
        IMAGE,
        tells_settings=False,
    )
    assert f"eps is {1e-5 + magnitude:.6g} instead of 1e-05" in wide.result.cause


@pytest.mark.parametrize(
    ("layer", "inputs", "words"),
    [
        (lambda: nn.Dropout(0.1), IMAGE, "random: Dropout(p=0.1) is active on both sides: set p=0 or call eval()"),
        (lambda: nn.Dropout2d(0.5), IMAGE, "random: Dropout2d(p=0.5) is active on both sides"),
        (lambda: nn.GRU(5, 5, 2, dropout=0.5), noise(6, 4, 5), "random: GRU(dropout=0.5) is active on both sides"),
    ],
)
def test_dropout_on_both_sides(layer, inputs, words):
    found = torch_pair(seeded(nn.Sequential(layer())).train(), nn.Sequential(reseeded(layer())), inputs)
    assert next(iter(found.causes)) == "dropout_on_both_sides", found.causes
    assert words in found.result.cause


def reseeded(layer):
    """The layer with other random numbers: both sides of a pair are run with one seed."""
    own = type(layer).forward
    return patched(layer, lambda m, *inputs: (torch.rand(7), own(m, *inputs))[1])


def test_dropout_on_one_side_is_not_taken_for_dropout_on_both():
    found = torch_pair(seeded(nn.Sequential(nn.Dropout(0.5))), nn.Sequential(Always(0.5)), IMAGE)
    assert "dropout_on_both_sides" not in found.causes
    assert next(iter(found.causes)) == "dropout_active", found.causes


class Always(nn.Dropout):
    """Dropout that heeds no eval()."""

    def forward(self, x):
        return F.dropout(x, self.p, training=True)
