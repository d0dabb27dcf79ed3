"""A training engine of a few numbers and a data set that needs no files, for what has nothing to do with detectors."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nanodet_common.config import Config, load_config
from nanodet_common.datasets.dataset import ImageRecord
from nanodet_common.loader.batch import Batch
from nanodet_common.training.checkpoint import Identity, RunState
from nanodet_common.training.engine import StepReport
from nanodet_common.training.loop import Training
from nanodet_common.training.processes import ALONE, Processes
from nanodet_common.training.run_folder import RunFolder


class FakeEngine:
    """Momentum and an average over one array; every step depends on all that came before and on the batch's bytes."""

    processes: Processes = ALONE
    memory_mb = 1.0

    def __init__(self, name: str = "torch", size: int = 8, lr: float = 0.1) -> None:
        self.name, self.lr = name, lr
        self.weights, self.momentum = np.linspace(-1, 1, size, dtype=np.float32), np.zeros(size, np.float32)
        self.average, self.updates = self.weights.copy(), 0
        self.factors: list[tuple[int, float]] = []

    def step(self, batch: Batch, factor: float, *, epoch: int) -> StepReport:
        self.factors.append((epoch, factor))
        gradient = self.weights - np.resize(batch.images, self.weights.shape)
        self.momentum = np.float32(0.9) * self.momentum + gradient
        self.weights = self.weights - np.float32(self.lr * factor) * self.momentum
        self.average = np.float32(0.5) * (self.average + self.weights)
        self.updates += 1
        loss = float(np.abs(gradient).mean())
        return StepReport({"loss": loss, "loss_a": loss}, float(np.linalg.norm(gradient)))

    def state(self) -> dict[str, Any]:
        return {
            "state_dict": {"w": self.weights},
            "ema": {"w": self.average},
            "optimizer": {"state": {0: {"momentum_buffer": self.momentum}}, "param_groups": [{"params": [0]}]},
            "ema_updates": self.updates,
            "random": None,
        }

    def load(self, entries: Mapping[str, Any]) -> None:
        self.weights, self.average = entries["state_dict"]["w"].copy(), entries["ema"]["w"].copy()
        self.momentum = entries["optimizer"]["state"][0]["momentum_buffer"].copy()
        self.updates = entries["ema_updates"]

    def averaged(self) -> dict[str, np.ndarray]:
        return {"w": self.average}

    def versions(self) -> dict[str, str]:
        return {"fake": "1"}


class FakeDetector(FakeEngine):
    """With the head output of a detector that finds nothing."""

    def __init__(self, config: Config, state: Mapping[str, np.ndarray], processes: Processes = ALONE) -> None:
        super().__init__()
        self.processes = processes
        self.head = config.model.arch.head
        self.given = state

    def predict(self, images: np.ndarray) -> np.ndarray:
        points = sum(len(range(0, side, stride)) ** 2 for stride in self.head.strides for side in images.shape[2:3])
        return np.full((len(images), points, self.head.num_classes + 4 * (self.head.reg_max + 1)), -9, np.float32)


class FakeBatches:
    """Batches of two images whose pixels come from the numbers of epoch and batch."""

    def __init__(self, count: int = 5) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def epoch(self, number: int, *, start: int = 0) -> Iterator[Batch]:
        for index in range(start, self.count):
            images = np.random.default_rng((number, index)).uniform(-1, 1, (2, 3, 4, 4)).astype(np.float32)
            records = tuple(record(f"{number}-{index}-{image}.jpg") for image in range(2))
            nothing = (np.zeros((0, 4), np.float32),) * 2, (np.zeros(0, np.int64),) * 2, (np.eye(3),) * 2
            yield Batch(images, *nothing, records)


def record(name: str, image_id: int = 1, objects: int = 0) -> ImageRecord:
    flags = np.zeros(objects, bool)
    boxes = np.tile(np.float32([1, 1, 3, 3]), (objects, 1))
    return ImageRecord(image_id, Path(name), (4, 4), boxes, np.zeros(objects, np.int64), flags, flags)


def mean_weight(engine: FakeEngine, progress: Any) -> dict[str, float | None]:
    """A metric that rises and falls."""
    progress(1)
    return {"mAP": float(np.sin(100 * engine.average.mean())), "AP50": None}


def config(*, epochs: int = 4, **schedule: Any) -> Config:
    """The VOC recipe for so many epochs, validated every second one."""
    found = load_config("nanodet-plus-m_320-voc")
    changes = {"total_epochs": epochs, "val_intervals": 2, **schedule}
    return found.model_copy(update={"schedule": found.schedule.model_copy(update=changes)})


def training(path: Path, *, resume: RunState | None = None, **changes: Any) -> Training:
    """A run; keyword arguments replace the usual parts."""
    engine = changes.pop("engine", None) or FakeEngine()
    usual: dict[str, Any] = {
        "batches": FakeBatches(),
        "config": config(),
        "identity": Identity("", 0, ""),
        "folder": RunFolder(path),
        "validate": mean_weight,
    }
    path.mkdir(exist_ok=True)
    if resume:
        engine.load(resume.engine)
        usual |= {"position": resume.position, "validations": resume.validations}
    return Training(engine, **{**usual, **changes})


def go_on(path: Path, **changes: Any) -> Training:
    """The run in a folder from its newest checkpoint."""
    found = RunFolder(path).newest()
    return training(path, resume=found[1] if found else None, **changes)
