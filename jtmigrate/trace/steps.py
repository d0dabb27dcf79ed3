"""`StepRecord`: one training step, from the state it started from to the state it left."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jtmigrate.trace.optimizer import OptimizerState

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class TrainingState:
    """Everything that the next step depends on: parameters and buffers by name, and the optimizer."""

    model: Arrays
    optimizer: OptimizerState


@dataclass(frozen=True)
class StepRecord:
    """One training step of one model.

    step       from 0
    before     the state that the step started from
    losses     scalars that the run returned, by slot ("0", "1.loss_qfl")
    gradients  of the loss by parameter name, before clipping
    clip_norm  norm of all gradients before clipping; None where nothing clips
    after      the state that the step left, the schedule's step included
    """

    step: int
    before: TrainingState
    losses: Arrays
    gradients: Arrays
    clip_norm: float | None
    after: TrainingState
