"""The detector ready to run, and ready to train: numpy in, numpy out."""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jtmigrate.errors import UserError
from jtmigrate.frameworks.torch_optimizer import group_names, read_optimizer, write_optimizer
from jtmigrate.optimizer_entry import from_entry, to_entry
from jtmigrate.runtime.memory import resident_mb
from nanodet_common.config import Config
from nanodet_common.engine import DType
from nanodet_common.loader.batch import Batch
from nanodet_common.training.engine import State, StepReport
from nanodet_common.training.engine_state import read_entries, training_specs, without_auxiliary
from nanodet_common.training.parts import Part, parts_of
from nanodet_common.training.processes import ALONE, Processes
from nanodet_ref_torch.batch_norm import synchronise
from nanodet_ref_torch.detector import NanoDetPlus
from nanodet_ref_torch.ema import Average
from nanodet_ref_torch.optimizer import build_optimizer, clip_gradients, set_rate
from nanodet_ref_torch.processes import average_gradients


class Engine:
    """NanoDet-Plus in evaluation mode, on as many threads as `torch.get_num_threads()` says."""

    def __init__(self, config: Config, state: Mapping[str, np.ndarray], dtype: DType = "float32"):
        self.model = NanoDetPlus(config.model.arch, auxiliary=False)
        self.model.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
        self.model.eval().to(getattr(torch, dtype))
        self.dtype = dtype

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Normalised images (N, 3, H, W) -> raw head output (N, points, num_classes + 4 * (reg_max + 1))."""
        with torch.inference_mode():
            return self.model(torch.from_numpy(images.astype(self.dtype, copy=False))).numpy()

    def state(self) -> dict[str, np.ndarray]:
        """The model's parameters and buffers, copied."""
        return {name: tensor.numpy().copy() for name, tensor in self.model.state_dict().items()}

    def versions(self) -> dict[str, str]:
        """Versions of the libraries that do the computing, by name."""
        return {"torch": torch.__version__}


class Trainer:
    """The detector in training: a `nanodet_common.training.engine.TrainingEngine`.

    It runs on one of the configuration's `gpu_ids`, another in each process, where PyTorch finds it, else on the
    CPU. With `device.precision` 16 the modules compute in bfloat16, which needs no scaling of the loss; decoding,
    losses, optimizer and average stay in float32.
    """

    name = "torch"

    def __init__(self, config: Config, state: State, dtype: DType = "float32", processes: Processes = ALONE):
        """state: of the model with its auxiliary branch; processes: each takes as many images a step as the others.

        Raises UserError for a precision that is not there.
        """
        self._config, self._dtype, self.processes = config, dtype, processes
        self._evaluation: Engine | None = None
        self._specs = training_specs(config.model.arch, dtype)
        gpu_ids = config.device.gpu_ids
        on_gpu = gpu_ids not in (-1, ()) and torch.cuda.is_available()
        self._device = torch.device("cuda", gpu_ids[processes.rank % len(gpu_ids)]) if on_gpu else torch.device("cpu")
        if gpu_ids not in (-1, ()) and not on_gpu and processes.rank == 0:
            # No reason to stop: the published configurations all ask for one.
            print(f"device.gpu_ids is {list(gpu_ids)}, but PyTorch finds no GPU: training on the CPU", file=sys.stderr)
        self.model = NanoDetPlus(config.model.arch, auxiliary=True).to(self._device, getattr(torch, dtype))
        self._set_weights(state)
        synchronise(self.model, processes)
        self.model.processes = processes
        self.model.train()
        if config.device.precision == 16:
            if not torch.amp.is_autocast_available(self._device.type):
                raise UserError(f"device.precision is 16, which PyTorch does not have on {self._device}: set it to 32")
            modules = torch.autocast(self._device.type, torch.bfloat16)(self.model.forward_train)
            self.model.forward_train = lambda images: tuple(x.to(images.dtype) for x in modules(images))
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
        losses = [self._backward(part, len(parts)) for part in parts]
        average_gradients(self.optimizer, self.processes)
        norm = clip_gradients(self.optimizer, self._config.grad_clip)
        self.optimizer.step()
        if self.average:
            self.average.update(self.model)
        means = torch.stack([torch.stack([*parts.values()]) for parts in losses]).mean(0)
        return StepReport(dict(zip(losses[0], self._mean(means), strict=True)), norm.item())

    def _backward(self, part: Part, count: int) -> dict[str, Tensor]:
        """Add a part's share of the gradients; returns its losses."""
        images = torch.from_numpy(part.images.astype(self._dtype, copy=False)).to(self._device)
        loss, losses = self.model.loss(images, part.boxes, part.labels)
        (loss / count).backward()
        return {name: value.detach() for name, value in {"loss": loss, **losses}.items()}

    def state(self) -> dict[str, Any]:
        """Everything that the following steps depend on. Nothing random: no layer draws numbers."""
        return {
            "state_dict": self._weights(),
            "ema": self.average.state() if self.average else None,
            "ema_updates": self.average.updates if self.average else 0,
            "optimizer": to_entry(read_optimizer(self.optimizer, self.model)),
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
        return without_auxiliary(self.average.state() if self.average else self._weights())

    def versions(self) -> dict[str, str]:
        """Versions of the libraries that do the computing, by name."""
        return {"torch": torch.__version__}

    @property
    def memory_mb(self) -> float:
        """Memory in use, in MB of 10^6 bytes: the device's, or the process's on a CPU."""
        return resident_mb() if self._device.type == "cpu" else torch.cuda.memory_reserved(self._device) / 1e6

    def _mean(self, losses: Tensor) -> list[float]:
        """The mean over all processes."""
        return (self.processes.sum(losses.cpu().numpy()) / self.processes.size).tolist()

    def _weights(self) -> dict[str, np.ndarray]:
        """The model's parameters and buffers, copied."""
        return {name: tensor.cpu().numpy().copy() for name, tensor in self.model.state_dict().items()}

    def _set_weights(self, state: State) -> None:
        """Replace the model's parameters and buffers."""
        self.model.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
