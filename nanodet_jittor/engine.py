"""The detector ready to run, and ready to train: numpy in, numpy out."""

from collections.abc import Mapping
from typing import Any, Literal

import jittor as jt
import numpy as np

from jtmigrate import runtime
from jtmigrate.allowances import jittor_lacks
from jtmigrate.errors import UserError
from jtmigrate.frameworks.jittor_optimizer import group_names, read_optimizer, write_optimizer
from jtmigrate.optimizer_entry import from_entry, to_entry
from jtmigrate.parity import kernels
from jtmigrate.parity.compiled import Compiled
from jtmigrate.runtime.memory import resident_mb
from nanodet_common.config import Config
from nanodet_common.engine import DType
from nanodet_common.loader.batch import Batch
from nanodet_common.training.engine import State, StepReport
from nanodet_common.training.engine_state import (
    in_shape_of,
    read_entries,
    slots_in_shape_of,
    training_specs,
    without_auxiliary,
)
from nanodet_common.training.parts import Part, parts_of
from nanodet_common.training.processes import ALONE, Processes
from nanodet_jittor.batch_norm import synchronise
from nanodet_jittor.detector import NanoDetPlus
from nanodet_jittor.ema import Average
from nanodet_jittor.optimizer import build_optimizer, clip_gradients, set_rate
from nanodet_jittor.processes import average_gradients

Execution = Literal["compiled", "layers"]
"""The whole model as one operator (`jtmigrate.parity.compiled`), or layer after layer."""


class Engine:
    """NanoDet-Plus in evaluation mode, on as many threads as `OMP_NUM_THREADS` said when Jittor was imported.

    In float64 and on a GPU it always runs layer after layer.
    """

    def __init__(
        self,
        config: Config,
        state: Mapping[str, np.ndarray],
        dtype: DType = "float32",
        execution: Execution = "compiled",
    ):
        self.model = NanoDetPlus(config.model.arch, auxiliary=False)
        self.model.load_state_dict(state)
        self.model.eval()
        if dtype == "float64":
            self.model.float64()
        self.dtype = dtype
        compiled = execution == "compiled" and kernels.apply_to(*self.model.parameters())
        self._run = Compiled(self.model) if compiled else self.model

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Normalised images (N, 3, H, W) -> raw head output (N, points, num_classes + 4 * (reg_max + 1))."""
        converts = int(self.dtype == "float32")
        with jt.flag_scope(no_grad=1, auto_convert_64_to_32=converts):
            output = self._run(jt.array(images.astype(self.dtype, copy=False))).numpy()
        # A kernel that was loaded just now has left numpy without subnormal numbers.
        runtime.restore_subnormals()
        return output

    def state(self) -> dict[str, np.ndarray]:
        """The model's parameters and buffers, copied."""
        return {name: var.numpy() for name, var in self.model.state_dict().items()}

    def versions(self) -> dict[str, str]:
        """Versions of the libraries that do the computing, by name."""
        return {"jittor": jt.__version__}


class Trainer:
    """The detector in training: a `nanodet_common.training.engine.TrainingEngine`.

    It runs where `jt.flags.use_cuda` says. There is no mixed precision.
    """

    name = "jittor"

    def __init__(self, config: Config, state: State, dtype: DType = "float32", processes: Processes = ALONE):
        """state: of the model with its auxiliary branch; processes: each takes as many images a step as the others.

        Raises UserError for a precision that is not there.
        """
        self._config, self._dtype, self.processes = config, dtype, processes
        self._evaluation: Engine | None = None
        self._specs = training_specs(config.model.arch, dtype)
        if config.device.precision == 16:
            raise UserError("device.precision is 16, which the Jittor detector does not have: set it to 32")
        self.model = NanoDetPlus(config.model.arch, auxiliary=True)
        self._set_weights(state)
        if dtype == "float64":
            self.model.float64()
        synchronise(self.model, processes)
        self.model.processes = processes
        self.model.train()
        self.optimizer = build_optimizer(self.model, config.schedule.optimizer)
        averager = config.model.weight_averager
        self.average = Average(self.model, averager.decay) if averager else None

    def step(self, batch: Batch, factor: float, *, epoch: int) -> StepReport:
        """One step of the optimizer, with every group's learning rate its initial one times `factor`."""
        self._evaluation = None
        self.model.epoch = epoch
        set_rate(self.optimizer, factor)
        self.optimizer.zero_grad()
        parts = parts_of(batch, self._config.schedule.accumulate)
        with jt.flag_scope(auto_convert_64_to_32=int(self._dtype == "float32")):
            losses = [self._backward(part, len(parts)) for part in parts]
            average_gradients(self.optimizer, self.processes)
            norm = clip_gradients(self.optimizer, self._config.grad_clip)
            self.optimizer.step()
            if self.average:
                self.average.update(self.model)
            # Running statistics and averages too: what nobody asks for becomes a chain that grows with every step.
            jt.sync_all()
        self._counters = {name: counter + len(parts) for name, counter in self._counters.items()}
        means = np.mean([[value.item() for value in parts.values()] for parts in losses], axis=0)
        runtime.restore_subnormals()
        return StepReport(dict(zip(losses[0], self._mean(means), strict=True)), norm.item())

    def _backward(self, part: Part, count: int) -> dict[str, jt.Var]:
        """Add a part's share of the gradients; returns its losses."""
        images = jt.array(part.images.astype(self._dtype, copy=False))
        loss, losses = self.model.loss(images, part.boxes, part.labels)
        self.optimizer.backward(loss / count)
        return {name: value.detach() for name, value in {"loss": loss, **losses}.items()}

    def state(self) -> dict[str, Any]:
        """Everything that the following steps depend on. Nothing random: no layer draws numbers."""
        optimizer = slots_in_shape_of(read_optimizer(self.optimizer, self.model), self._specs)
        return {
            "state_dict": self._weights(),
            "ema": in_shape_of(self.average.state() | self._counters, self._specs) if self.average else None,
            "ema_updates": self.average.updates if self.average else 0,
            "optimizer": to_entry(optimizer),
            "random": None,
        }

    def load(self, entries: Mapping[str, Any]) -> None:
        """Go on from a `state`, whichever framework's. Raises UserError if it does not fit."""
        given = read_entries(entries, self._specs, average=self.average is not None)
        groups = group_names(self.optimizer, self.model)
        write_optimizer(self.optimizer, self.model, from_entry(given.optimizer, "AdamW", groups))
        self._set_weights(given.weights)
        if self.average:
            self.average.load(given.average, given.updates)
        self._evaluation = None

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Normalised images (N, 3, H, W) -> raw head output, by the averaged weights where there are such."""
        if self._evaluation is None:
            self._evaluation = Engine(self._config, self.averaged(), self._dtype)
        return self._evaluation.predict(images)

    def averaged(self) -> dict[str, np.ndarray]:
        """The inference model's parameters and buffers by name, averaged where there is an average."""
        average = self.average and in_shape_of(self.average.state() | self._counters, self._specs)
        return without_auxiliary(average or self._weights())

    def versions(self) -> dict[str, str]:
        """Versions of the libraries that do the computing, by name."""
        return {"jittor": jt.__version__}

    @property
    def memory_mb(self) -> float:
        """Memory in use by the process, in MB of 10^6 bytes."""
        return resident_mb()

    def _mean(self, losses: np.ndarray) -> list[float]:
        """The mean over all processes."""
        return (self.processes.sum(losses) / self.processes.size).tolist()

    def _weights(self) -> dict[str, np.ndarray]:
        """The model's parameters and buffers, copied."""
        arrays = {name: var.numpy() for name, var in self.model.state_dict().items()}
        return in_shape_of(arrays | self._counters, self._specs)

    def _set_weights(self, state: State) -> None:
        """Replace the model's parameters and buffers."""
        # Jittor's normalisations count no batches; the numbers are kept beside the model.
        self._counters = {name: array for name, array in state.items() if jittor_lacks(name)}
        with jt.flag_scope(auto_convert_64_to_32=0):
            self.model.load_state_dict({name: np.atleast_1d(array) for name, array in state.items()})
