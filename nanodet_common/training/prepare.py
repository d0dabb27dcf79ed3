"""From what a user asks for to a run that can begin, or go on."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jtmigrate.facts import provenance
from jtmigrate.files import sha256_of
from nanodet_common.config import Config
from nanodet_common.datasets.dataset import Dataset
from nanodet_common.datasets.problems import OnProblem, Problems
from nanodet_common.errors import InputError
from nanodet_common.loader.loader import Loader
from nanodet_common.loader.process import PATIENCE
from nanodet_common.training.checkpoint import BEGINNING, Identity, RunState
from nanodet_common.training.engine import NewTrainer, TrainingEngine
from nanodet_common.training.loop import Training
from nanodet_common.training.processes import ALONE, Processes
from nanodet_common.training.resume import check_same
from nanodet_common.training.run_folder import RunFolder
from nanodet_common.training.sets import fingerprint
from nanodet_common.training.start import Load, Start, start_state
from nanodet_common.training.validation import Validation


@dataclass(frozen=True)
class Wanted:
    """A run: its configuration, its data (val: None for no validation), and where its weights come from.

    on_problem  what becomes of images that cannot be read
    patience    seconds that a worker may take over one image
    """

    config: Config
    train: Dataset
    val: Dataset | None
    seed: int = 0
    weights: Path | None = None
    load: Load = "full"
    on_problem: OnProblem = "fail"
    patience: float = PATIENCE


@dataclass(frozen=True)
class Prepared:
    """A run that can begin, or go on; start: its weights at the beginning; found: the checkpoint it goes on from."""

    training: Training
    start: Start
    found: tuple[Path, RunState] | None


def prepare(new_trainer: NewTrainer, folder: RunFolder, wanted: Wanted, processes: Processes = ALONE) -> Prepared:
    """This process's part of the run in the folder, from its newest checkpoint if there is one. Writes nothing.

    Raises UserError for weights that do not fit, for data on which nothing can be trained or measured, and for a
    checkpoint of another run.
    """
    config, train = wanted.config, wanted.train
    together = config.device.batchsize_per_gpu * processes.size
    size = together * config.schedule.accumulate
    if len(train) < size:
        smaller = "--batch or --accumulate" if config.schedule.accumulate > 1 else "--batch"
        raise InputError(
            f"the training set has {len(train)} images, and one step takes {size}: use a smaller {smaller}"
        )
    if all(image.crowd.all() for image in train.images):
        raise InputError(f"the training set has {len(train)} images and no object to learn from")
    # What decides a step is how many images it takes, not how many processes take them.
    device = config.device.model_copy(update={"batchsize_per_gpu": together})
    identity = Identity(
        config.model_copy(update={"device": device}).to_yaml(), wanted.seed,
        fingerprint(train), fingerprint(wanted.val) if wanted.val else "",
    )  # fmt: skip
    problems = Problems(wanted.on_problem)
    reading = {"workers": config.device.workers_per_gpu, "patience": wanted.patience, "problems": problems}
    validate = None
    if wanted.val:
        at_once = min(config.device.batchsize_per_gpu, len(wanted.val))
        validate = Validation(wanted.val, config, batch_size=at_once, processes=processes, **reading)
    found = folder.newest()
    if found:
        check_same(found[1].identity, identity, found[0])
    start = start_state(config, wanted.seed, None if found else wanted.weights, wanted.load)
    engine = new_trainer(config, start.state, processes=processes)
    if found:
        engine.load(found[1].engine)
    batches = Loader(
        train, config.data.train, batch_size=size, seed=wanted.seed,
        augment=True, shuffle=True, drop_last=True, share=(processes.rank, processes.size), **reading,
    )  # fmt: skip
    position = found[1].position if found else BEGINNING
    validations = found[1].validations if found else ()
    training = Training(
        engine, batches, config, identity, folder, validate,
        position=position, validations=validations, problems=problems,
    )  # fmt: skip
    return Prepared(training, start, found)


def session(prepared: Prepared, wanted: Wanted, program: str) -> dict[str, Any]:
    """What environment.json says of a process that works on a run."""
    engine: TrainingEngine = prepared.training.engine
    versions = {**engine.versions(), "numpy": np.__version__, "python": sys.version.split()[0]}
    facts: dict[str, Any] = {**provenance(program), "framework": engine.name, "versions": versions, "seed": wanted.seed}
    facts["data"] = {"train": len(wanted.train), "val": len(wanted.val) if wanted.val else 0}
    facts["step"], facts["processes"] = prepared.training.position.step, engine.processes.size
    if prepared.found:
        return facts | {"resumed": prepared.found[0].name}
    if wanted.weights:
        facts["weights"] = {"file": str(wanted.weights), "sha256": sha256_of(wanted.weights), "load": wanted.load}
    return facts | {"start": prepared.start.words()}
