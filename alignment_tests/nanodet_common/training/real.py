"""Runs with the trainers of both frameworks, on a small detector and made-up pictures.

As a program, to be killed: `python -m alignment_tests.nanodet_common.training.real FOLDER torch|jittor`.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alignment_tests import trainers
from nanodet_common.config import Config, load_config
from nanodet_common.loader.batch import Batch
from nanodet_common.training.checkpoint import BEGINNING, Identity
from nanodet_common.training.engine import StepReport
from nanodet_common.training.loop import Training
from nanodet_common.training.monitor import JsonLines
from nanodet_common.training.run_folder import RunFolder

EPOCHS, BATCHES = 2, 4


class MadeUp:
    """Batches of two pictures."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def epoch(self, number: int, *, start: int = 0) -> Iterator[Batch]:
        for index in range(start, self.count):
            yield trainers.batch(seed=1000 * number + index)


class Noting:
    """A trainer, and the learning rates with which its optimizer has stepped."""

    def __init__(self, trainer: Any) -> None:
        self._trainer = trainer
        self.rates: list[float] = []

    def step(self, batch: Batch, factor: float, *, epoch: int) -> StepReport:
        report = self._trainer.step(batch, factor, epoch=epoch)
        self.rates += [group["lr"] for group in self._trainer.optimizer.param_groups]
        return report

    def __getattr__(self, name: str) -> Any:
        return getattr(self._trainer, name)


def recipe() -> Config:
    """The VOC recipe for the small detector."""
    return trainers.config().model_copy(update={"schedule": load_config("nanodet-plus-m_320-voc").schedule})


def short() -> Config:
    """Few steps, in a warm-up and after it."""
    config = recipe()
    warmup = config.schedule.warmup.model_copy(update={"steps": 3})
    schedule = config.schedule.model_copy(update={"total_epochs": EPOCHS, "warmup": warmup})
    return config.model_copy(update={"schedule": schedule})


def go_on(path: Path, framework: str, config: Config, *, batches: int = BATCHES, **parts: Any) -> Training:
    """The run in a folder, from its newest checkpoint if there is one."""
    folder = RunFolder(path)
    engine = Noting(trainers.trainer(framework, config))
    found = folder.newest()
    if found:
        engine.load(found[1].engine)
    position = found[1].position if found else BEGINNING
    identity = Identity(config.to_yaml(), 0, "")
    return Training(engine, MadeUp(batches), config, identity, folder, position=position, **parts)


if __name__ == "__main__":
    run = go_on(Path(sys.argv[1]), sys.argv[2], short(), checkpoint_every=1)
    with run.folder.taken():
        run.monitors = [JsonLines(run.folder.log, step=run.position.step)]
        run.run()
