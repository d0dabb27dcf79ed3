"""A small model in training: two groups of parameters, a limit on the gradients' norm, a schedule."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jittor as jt
import torch

from alignment_tests.jtmigrate import pairs
from jtmigrate.diff import ModelPair
from jtmigrate.frameworks.training import Training
from jtmigrate.parity import optim

RATE, BIAS_RATE, DECAY, CLIP, GAMMA = 0.01, 0.02, 0.1, 1.0, 0.5
STEPS = 3


def groups(model: Any) -> list[dict[str, Any]]:
    """Weights, which are decayed, and biases, which are not and learn faster."""
    parameters = model.named_parameters()
    weights = [parameter for name, parameter in parameters if name.endswith("weight")]
    biases = [parameter for name, parameter in model.named_parameters() if name.endswith("bias")]
    return [
        {"params": weights, "weight_decay": DECAY, "lr": RATE},
        {"params": biases, "weight_decay": 0.0, "lr": BIAS_RATE},
    ]


def optimizer(model: jt.Module) -> optim.AdamW:
    """The port's optimizer."""
    return optim.AdamW(groups(model), lr=RATE)


def clip(optimizer: optim.AdamW) -> jt.Var:
    """Clip, and return the norm before."""
    return optim.clip_grad_norm(optimizer, CLIP)


class Decaying:
    """Multiplies the rate of every group by `GAMMA`, step by step."""

    def __init__(self, optimizer: optim.AdamW):
        self.optimizer = optimizer

    def step(self) -> None:
        """Once after every step of the optimizer."""
        for group in self.optimizer.param_groups:
            group["lr"] *= GAMMA


def torch_clip(optimizer: torch.optim.Optimizer) -> torch.Tensor:
    parameters: Sequence[torch.Tensor] = [p for group in optimizer.param_groups for p in group["params"]]
    return torch.nn.utils.clip_grad_norm_(parameters, CLIP)


def in_training(pair: ModelPair) -> ModelPair:
    """The pair with an optimizer on either side and a batch for every step."""
    return replace(
        pair,
        training_torch=Training(
            lambda model: torch.optim.AdamW(groups(model), lr=RATE),
            torch_clip,
            lambda optimizer: torch.optim.lr_scheduler.ExponentialLR(optimizer, GAMMA),
        ),
        training_jittor=Training(optimizer, clip, Decaying),
        batches=tuple(pairs.noise(3, 6, seed=step) for step in range(STEPS)),
    )
