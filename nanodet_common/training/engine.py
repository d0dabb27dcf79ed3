"""What training asks of a framework."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from nanodet_common.config import Config
from nanodet_common.loader.batch import Batch
from nanodet_common.training.processes import Processes

State = Mapping[str, np.ndarray]


class StepReport(NamedTuple):
    """losses: the parts by name, and "loss", their sum; grad_norm: of all gradients together, before clipping."""

    losses: Mapping[str, float]
    grad_norm: float


class TrainingEngine(Protocol):
    """A detector with its optimizer and its averaged weights, in one process of perhaps several.

    name       "torch" or "jittor"
    processes  this one, and those with which it makes every step
    """

    name: str
    processes: Processes

    def step(self, batch: Batch, factor: float, *, epoch: int) -> StepReport:
        """One step of the optimizer: forward, backward, clipping, the step itself, the average.

        batch: this process's share of the images. What is reported is of all.

        factor: every group's learning rate is its initial one times this. epoch: from 0, for the detector's
        `detach_epoch`. With `schedule.accumulate` above 1 the batch is taken in so many equal parts, and their mean
        gradient makes the step.
        """

    def state(self) -> dict[str, Any]:
        """Everything that the following steps depend on, as plain values and arrays, the same in both frameworks.

        {"state_dict", "ema" (None without averaging), "optimizer" as PyTorch lays it out, "ema_updates", "random"}.
        """

    def load(self, entries: Mapping[str, Any]) -> None:
        """Go on from a `state`, whichever framework's. Raises UserError if it does not fit."""

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Normalised images (N, 3, H, W) -> raw head output, by the averaged weights where there are such."""

    def averaged(self) -> dict[str, np.ndarray]:
        """The inference model's parameters and buffers by name, averaged where there is an average."""

    def versions(self) -> dict[str, str]:
        """Versions of the libraries that do the computing, by name."""

    @property
    def memory_mb(self) -> float:
        """Memory in use, in MB of 10^6 bytes: the device's, or the process's on a CPU."""


class NewTrainer(Protocol):
    """Configuration, initial state of the model with its auxiliary branch -> an engine at its first step."""

    def __call__(self, config: Config, state: State, *, processes: Processes) -> TrainingEngine: ...
