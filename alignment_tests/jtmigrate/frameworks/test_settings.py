"""What both frameworks tell about how their modules were constructed."""

import jittor as jt
import pytest
import torch
from jittor import nn as jnn
from torch import nn

import nanodet_jittor
import nanodet_ref_torch
from jtmigrate.compare.settings import compare_settings, differing_settings
from jtmigrate.frameworks import jittor_settings, torch_settings
from jtmigrate.parity import nn as pnn


def differing(torch_module, jittor_module, *, told=()):
    """Names of settings that differ; those `told` have to be known to both sides."""
    reference, candidate = torch_settings.settings(torch_module), jittor_settings.settings(jittor_module)
    assert set(told) <= reference.keys() & candidate.keys()
    return differing_settings(reference, candidate)


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("auxiliary", [False, True])
def test_the_two_detectors_have_the_same_settings(mode, auxiliary):
    models = [
        package.build_model("nanodet-plus-m_320", num_classes=3, auxiliary=auxiliary)
        for package in (nanodet_ref_torch, nanodet_jittor)
    ]
    for model in models:
        getattr(model, mode)()
    reference = torch_settings.model_settings(models[0])
    candidate = jittor_settings.model_settings(models[1])
    assert reference.keys() == candidate.keys()
    known = sum(len(settings.keys() & candidate[path].keys()) for path, settings in reference.items())
    assert known > 5 * len(reference)
    assert compare_settings(reference, candidate) == ()


CONV = ("kernel_size", "stride", "padding", "dilation", "groups", "bias", "kind")


@pytest.mark.parametrize(
    ("right", "port", "told"),
    [
        (nn.Conv2d(4, 8, 3, 2, 1, groups=2), jnn.Conv(4, 8, 3, 2, 1, groups=2), CONV),
        (nn.Conv2d(4, 8, (3, 1), bias=False), jnn.Conv(4, 8, (3, 1), bias=False), CONV),
        (nn.Conv1d(4, 8, 3, padding=1), jnn.Conv1d(4, 8, 3, padding=1), CONV),
        (
            nn.ConvTranspose2d(4, 8, 3, 2, 1, 1),
            jnn.ConvTranspose(4, 8, 3, 2, 1, 1),
            (*CONV, "output_padding"),
        ),
        (nn.Linear(3, 4), jnn.Linear(3, 4), ("in_features", "out_features", "bias", "kind")),
        (nn.BatchNorm2d(4), jnn.BatchNorm(4), ("eps", "momentum", "affine", "num_features", "training", "kind")),
        (nn.BatchNorm2d(4), pnn.BatchNorm2d(4), ("eps", "momentum", "kind")),
        (nn.BatchNorm2d(4, affine=False), jnn.BatchNorm(4, affine=False), ("affine",)),
        (nn.GroupNorm(2, 4), jnn.GroupNorm(2, 4), ("num_groups", "num_channels", "eps", "affine", "bias")),
        (nn.LayerNorm(4), jnn.LayerNorm(4), ("normalized_shape", "eps", "elementwise_affine")),
        (nn.MaxPool2d(3, 2, 1), jnn.Pool(3, 2, 1, op="maximum"), ("kernel_size", "stride", "padding", "pads_with")),
        (nn.MaxPool2d(2), pnn.MaxPool2d(2), ("kernel_size", "stride", "padding", "ceil_mode", "kind")),
        (nn.MaxPool2d(2), jt.nn.MaxPool2d(2), ("kernel_size", "stride", "ceil_mode", "return_indices", "kind")),
        (nn.AvgPool2d(3, 2, 1), jt.nn.AvgPool2d(3, 2, 1), ("kernel_size", "stride", "padding", "count_include_pad")),
        (nn.AvgPool2d(2), jnn.Pool(2, op="mean"), ("kernel_size", "stride", "kind")),
        (nn.AdaptiveAvgPool2d(2), jt.nn.AdaptiveAvgPool2d(2), ("output_size", "kind")),
        (nn.LeakyReLU(0.1), jnn.LeakyReLU(0.1), ("negative_slope", "kind")),
        (nn.LeakyReLU(), jnn.LeakyReLU(), ("negative_slope",)),
        (nn.LeakyReLU(0.2), jnn.LeakyReLU(scale=0.2), ("negative_slope",)),
        (nn.ReLU(inplace=True), jnn.ReLU(), ("kind",)),
        (nn.GELU(), jnn.GELU(), ("approximate", "kind")),
        (nn.LogSoftmax(dim=1), jnn.Softmax(1, log=True), ("dim", "kind")),
        (nn.Dropout(0.3).eval(), jnn.Dropout(0.3), ("p", "training")),
        (nn.Upsample(scale_factor=2), jnn.Upsample(2), ("scale_factor", "mode", "align_corners")),
        (nn.Embedding(5, 3), jnn.Embedding(5, 3), ("num_embeddings", "embedding_dim", "padding_idx")),
        (nn.BCELoss(reduction="sum"), jnn.BCELoss(size_average=False), ("reduction",)),
        (nn.LSTM(3, 4, 2), jnn.LSTM(3, 4, 2), ("input_size", "hidden_size", "num_layers", "bias", "batch_first")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_same_layer(right, port, told):
    assert differing(right, port, told=told) == ()


@pytest.mark.parametrize(
    ("right", "port", "names"),
    [
        (nn.Conv2d(4, 8, 3, padding=1), jnn.Conv(4, 8, 3, stride=2), ("stride", "padding")),
        (nn.Conv2d(4, 8, 3), jnn.Conv(4, 8, 3, bias=False), ("bias",)),
        (nn.BatchNorm2d(4, eps=1e-3), jnn.BatchNorm(4, momentum=0.9), ("eps", "momentum")),
        (nn.BatchNorm2d(4).eval(), jnn.BatchNorm(4), ("training",)),
        (nn.MaxPool2d(3, 2, 1), jnn.Pool(3, 2, 1, op="max"), ("pads_with",)),
        (nn.MaxPool2d(2), jnn.Pool(2, op="mean"), ("kind",)),
        (nn.AvgPool2d(3, 2, 1), jnn.Pool(3, 2, 1, op="mean", count_include_pad=False), ("count_include_pad",)),
        (nn.LeakyReLU(0.1), jnn.LeakyReLU(), ("negative_slope",)),
        (nn.LeakyReLU(0.1, inplace=True), pnn.LeakyReLU(0.2), ("negative_slope",)),
        (nn.ReLU(), jnn.LeakyReLU(0.1), ("kind",)),
        (nn.Upsample(scale_factor=2), jnn.Upsample(3, "bilinear", align_corners=True), None),
        (nn.Dropout(0.3).eval(), jnn.Dropout(0.4, is_train=True), ("training", "p")),
        (nn.Softmax(1), jnn.Softmax(), ("dim",)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_another_layer(right, port, names):
    names = ("scale_factor", "mode", "align_corners") if names is None else names
    assert set(differing(right, port)) == set(names)


def test_a_frozen_parameter_is_told_in_both_modes():
    right, port = nn.Sequential(nn.Linear(3, 3)), jnn.Sequential(jnn.Linear(3, 3))
    port[0].weight.stop_grad()
    for mode in ("train", "eval"):
        getattr(right, mode)(), getattr(port, mode)()
        found = compare_settings(torch_settings.model_settings(right), jittor_settings.model_settings(port))
        assert [(one.path, one.setting, one.reference, one.candidate) for one in found] == [
            ("0", "requires_grad.weight", "True", "False")
        ]


class TorchOwn(nn.Module):
    def __init__(self, heads):
        super().__init__()
        self.heads, self.strides, self.name, self._hidden = heads, [8, 16], "own", 1
        self.scale = torch.ones(1)


class JittorPort(jt.Module):
    def __init__(self, heads):
        self.heads, self.strides, self.name, self._hidden = heads, (8, 16), "own", 2
        self.scale = jt.ones(1)


def test_attributes_of_ones_own_modules_are_settings():
    """Their classes may have any name, and what begins with an underscore is their own affair."""
    assert differing(TorchOwn(4), JittorPort(4), told=("heads", "strides", "name")) == ()
    assert differing(TorchOwn(4), JittorPort(8)) == ("heads",)


def test_only_what_both_sides_know_is_compared():
    reference = {"a": {"eps": 1e-5, "affine": True}, "b": {"eps": 1e-5}}
    assert compare_settings(reference, {"a": {"eps": 1e-5, "sync": True}}) == ()
    found = compare_settings(reference, {"a": {"eps": 1e-3, "affine": 1}, "b": {"eps": 1e-5 * (1 + 1e-14)}})
    assert [(one.path, one.setting, one.candidate) for one in found] == [("a", "eps", "0.001"), ("a", "affine", "1")]
