"""Recorded training steps of one model on its own."""

from dataclasses import replace

import jittor as jt
import numpy as np
import pytest
import torch

from alignment_tests.jtmigrate import pairs
from jtmigrate.errors import UserError
from jtmigrate.frameworks import training
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.parity import optim

STEPS = 4


class Narrowing(torch.nn.Module):
    """Runs in float32 alone."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(6, 3)

    def forward(self, x):
        return self.linear(x.float())


def adam(model):
    return optim.AdamW(model.parameters(), lr=1e-3)


def test_jittor_keeps_nothing_of_the_steps_before():
    """A graph that grows with every step slows all of them down and ends in a segmentation fault."""
    adapter, model, alive = JittorAdapter(), pairs.JittorCNN(), []

    class Schedule:
        def __init__(self, optimizer):
            self.optimizer = optimizer

        def step(self):
            jt.sync_all()
            alive.append(jt.liveness_info()["lived_ops"])

    how = replace(training.Training(adam), schedule=Schedule)
    steps = training.train(adapter, model, how, [pairs.IMAGE] * STEPS)
    assert len(alive) == STEPS
    assert alive[-1] == alive[1]
    assert any(np.any(steps[0].before.model[name] != array) for name, array in steps[-1].after.model.items())


def test_a_model_that_fails_in_float64_is_told():
    how = training.Training(lambda model: torch.optim.SGD(model.parameters(), lr=0.1))
    with pytest.raises(UserError, match="torch: in a training step in float64, the model raised RuntimeError: mat1"):
        training.train(TorchAdapter(), Narrowing(), how, [pairs.VECTORS], dtype="float64")
