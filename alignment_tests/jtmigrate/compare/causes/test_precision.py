"""The right computation with too few digits, and what only settings tell."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from alignment_tests.jtmigrate.compare.causes.faults import noise, patched, seeded, torch_pair

IMAGE = noise(2, 4, 9, 9)


def cancelling(m, x):
    """Batch normalisation by E[x^2] - E[x]^2."""
    mean, square = x.mean((0, 2, 3), keepdim=True), (x * x).mean((0, 2, 3), keepdim=True)
    normal = (x - mean) / torch.sqrt(square - mean * mean + m.eps)
    return normal * m.weight[:, None, None] + m.bias[:, None, None]


def test_a_variance_that_cancels():
    found = torch_pair(
        seeded(nn.Sequential(nn.BatchNorm2d(4))).train(),
        nn.Sequential(patched(nn.BatchNorm2d(4), cancelling)),
        noise(4, 4, 16, 16) + np.float32(30),
    )
    assert found.result.first_fault.key == "0"
    assert next(iter(found.causes)) == "numerically_poor", found.causes


def test_half_operands():
    def half(m, x):
        return F.linear(x.half().to(x.dtype), m.weight.half().to(x.dtype), m.bias)

    found = torch_pair(
        seeded(nn.Sequential(nn.Linear(8, 4, bias=False))),
        nn.Sequential(patched(nn.Linear(8, 4, bias=False), half)),
        noise(6, 8),
    )
    assert next(iter(found.causes)) == "rounded_operands", found.causes
    assert "float16" in found.result.cause


def test_a_constant_in_float32():
    slope = float(np.float32(0.1))
    found = torch_pair(
        nn.Sequential(nn.LeakyReLU(0.1)), nn.Sequential(nn.LeakyReLU(slope)), IMAGE, tells_settings=False
    )
    assert not found.result.first_fault.own_fault
    assert next(iter(found.causes)) == "lower_precision", found.causes
    assert "float32 agrees" in found.result.cause


def test_a_step_in_float32():
    found = torch_pair(
        nn.Sequential(nn.Tanh()),
        nn.Sequential(patched(nn.Tanh(), lambda m, x: torch.tanh(x.float()).to(x.dtype))),
        IMAGE,
    )
    assert "computes in float32" in found.causes["lower_precision"]


class Heads(nn.Module):
    """No layer that can be recomputed, but with a setting."""

    def __init__(self, heads):
        super().__init__()
        self.heads = heads

    def forward(self, x):
        return torch.sin(x * self.heads)


def test_a_setting_of_an_unknown_layer():
    found = torch_pair(nn.Sequential(Heads(4)), nn.Sequential(Heads(8)), IMAGE)
    assert next(iter(found.causes)) == "unproven_setting", found.causes
    assert "heads is 8 instead of 4" in found.result.cause
