"""Recorded training steps of one model on its own."""

from dataclasses import replace

import jittor as jt
import numpy as np

from alignment_tests.jtmigrate import pairs
from jtmigrate.frameworks import training
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.parity import optim

STEPS = 4


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
