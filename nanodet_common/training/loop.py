"""The course of a training run.

What is computed depends on the configuration, the seed, the data and the start weights alone: every step's batch, rate
and order are functions of its number. So a run goes on after any interruption as if there had been none, and its end
is the same bit for bit.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from itertools import chain
from typing import Any, Protocol

from nanodet_common.config import Config
from nanodet_common.datasets.problems import Problems
from nanodet_common.errors import InputError
from nanodet_common.loader.batch import Batch
from nanodet_common.training.checkpoint import BEGINNING, Identity, Position, RunState
from nanodet_common.training.divergence import Diverged, first_not_finite, what_went_wrong
from nanodet_common.training.engine import TrainingEngine
from nanodet_common.training.interruption import Enough, Interrupted, interruptible
from nanodet_common.training.monitor import Monitor
from nanodet_common.training.processes import Processes, in_agreement
from nanodet_common.training.run_folder import RunFolder
from nanodet_common.training.schedule import LearningRates
from nanodet_common.training.validation import VALUE_OF, Validate

CHECKPOINT_EVERY = 200
"""Steps between two checkpoints within an epoch; one is written at the end of each epoch as well."""


class Batches(Protocol):
    """What `Loader` offers: the batches of an epoch, the same whenever they are asked for."""

    def __len__(self) -> int: ...

    def epoch(self, number: int, *, start: int = 0) -> Iterator[Batch]: ...


class End(Enum):
    """How a run ended: with its last epoch, at `max_steps`, or because somebody wanted it to."""

    FINISHED = "finished"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


@dataclass
class Training:
    """One run, from its beginning or from a checkpoint.

    engine            at its first step; where the run goes on, it has loaded the checkpoint's state
    batches           of the training set
    folder            where the run lives
    validate          every `schedule.val_intervals` epochs and after the last; None for never
    position          where to begin
    validations       those so far
    checkpoint_every  steps
    max_steps         stop after so many steps of the whole run
    problems          where batches and validation note images that cannot be read
    """

    engine: TrainingEngine
    batches: Batches
    config: Config
    identity: Identity
    folder: RunFolder
    validate: Validate | None = None
    monitors: Sequence[Monitor] = ()
    position: Position = BEGINNING
    validations: tuple[dict[str, Any], ...] = ()
    checkpoint_every: int = CHECKPOINT_EVERY
    max_steps: int | None = None
    problems: Problems = field(default_factory=lambda: Problems("fail"))
    _saved: Position | None = field(default=None, init=False)
    _told: int = field(default=0, init=False)
    _unwanted: Callable[[], bool] = field(default=lambda: False, init=False)

    def run(self) -> End:
        """Train to the end of the last epoch, unless something ends it before; the folder then holds the whole state.

        It does too where an InputError says that a batch cannot be prepared. Raises Diverged where the numbers are no
        longer usable, and UserError for a file that cannot be written: the last checkpoint is then as it was.
        """
        rates = LearningRates(self.config.schedule, len(self.batches))
        with interruptible(tell=self._processes.rank == 0) as self._unwanted:
            try:
                while self.position.epoch < self.config.schedule.total_epochs:
                    self._rest_of_epoch(rates)
                    self._end_of_epoch()
            except Interrupted as reason:
                self._save()
                return End.STOPPED if isinstance(reason, Enough) else End.INTERRUPTED
            except InputError:
                self._save()
                raise
        self._save()
        self._save_weights("last")
        self._write_results(finished=True)
        return End.FINISHED

    def _rest_of_epoch(self, rates: LearningRates) -> None:
        begun = time.perf_counter()
        with closing(self.batches.epoch(self.position.epoch, start=self.position.batch)) as batches:
            while batch := in_agreement(self._processes, partial(self._next, batches)):
                self._step(batch, rates, begun)
                if self.position.step % self.checkpoint_every == 0:
                    self._save()
                begun = time.perf_counter()

    def _next(self, batches: Iterator[Batch]) -> Batch | None:
        self._check_wishes()
        return next(batches, None)

    def _step(self, batch: Batch, rates: LearningRates, begun: float) -> None:
        epoch, number, step = self.position
        report = self.engine.step(batch, rates.factor(step), epoch=epoch)
        if reason := what_went_wrong(report):
            shares = self._processes.gather([str(record.file) for record in batch.records])
            files = ", ".join(chain.from_iterable(shares))
            raise Diverged(f"{reason} in step {step + 1} (epoch {epoch + 1}): {self._last_good()}; its images: {files}")
        self.position = Position(epoch, number + 1, step + 1)
        seconds = time.perf_counter() - begun
        record = {
            "epoch": epoch + 1,
            "step": step + 1,
            "batch": number + 1,
            "lr": rates.rate(step),
            **report.losses,
            "grad_norm": report.grad_norm,
            "images_per_s": len(batch.images) * self._processes.size / seconds,
            "memory_mb": self.engine.memory_mb,
            "seconds": seconds,
        }
        for monitor in self.monitors:
            monitor.train(record)

    def _end_of_epoch(self) -> None:
        epoch, _, step = self.position
        schedule = self.config.schedule
        due = (epoch + 1) % schedule.val_intervals == 0 or epoch + 1 == schedule.total_epochs
        if self.validate and due:
            self._save()  # A validation takes long enough to be interrupted.
            self._validate(self.validate)
        self._tell_what_was_left_out()
        self.position = Position(epoch + 1, 0, step)
        self._save()

    def _validate(self, validate: Validate) -> None:
        begun = time.perf_counter()
        values = validate(self.engine, lambda done: self._check_interruption())
        told = {"epoch": self.position.epoch + 1, "step": self.position.step, **values}
        self.validations = (*self.validations, told)
        if self.best == told:
            self._save_weights("best")
        self._write_results(finished=False)
        record = {**told, "seconds": time.perf_counter() - begun}
        for monitor in self.monitors:
            monitor.validation(record)

    def _tell_what_was_left_out(self) -> None:
        new, self._told = self.problems.found[self._told :], len(self.problems.found)
        for problem in chain.from_iterable(self._processes.gather(new)):
            place = {"epoch": self.position.epoch + 1, "step": self.position.step}
            for monitor in self.monitors:
                monitor.left_out({**place, "file": str(problem.source), "reason": problem.reason})

    @property
    def best(self) -> dict[str, Any] | None:
        """The first of the validations with the highest `evaluator.save_key`; None where it was never measured."""
        key = VALUE_OF[self.config.evaluator.save_key]
        measured = [one for one in self.validations if one[key] is not None]
        return max(measured, key=lambda one: one[key], default=None)

    def _check_wishes(self) -> None:
        self._check_interruption()
        if self.max_steps is not None and self.position.step >= self.max_steps:
            raise Enough

    def _check_interruption(self) -> None:
        if self._unwanted():
            raise Interrupted

    def _save(self) -> None:
        """Write the checkpoint, unless it stands there already. Raises Diverged instead of writing useless numbers."""

        def write() -> None:
            entries = self.engine.state()
            if name := first_not_finite(entries):
                raise Diverged(f"{name} is not finite after step {self.position.step}: {self._last_good()}")
            self.folder.save(RunState(self.position, self.identity, entries, self.validations, self.engine.name))

        if self._saved != self.position:
            self._first_writes(write)
            self._saved = self.position

    def _save_weights(self, name: str) -> None:
        def write() -> None:
            epoch, _, step = self.position
            weights = self.engine.averaged()
            self.folder.save_weights(name, self.engine.name, weights, epoch=epoch, global_step=step)

        self._first_writes(write)

    def _write_results(self, *, finished: bool) -> None:
        def write() -> None:
            last = self.validations[-1] if self.validations else None
            results = {"finished": finished, "epochs": self.config.schedule.total_epochs, "steps": self.position.step}
            self.folder.write_results({**results, "best": self.best, "last": last, "validations": self.validations})

        self._first_writes(write)

    def _first_writes(self, write: Callable[[], None]) -> None:
        """Of several processes one writes; if it cannot, all of them stop."""
        in_agreement(self._processes, write if self._processes.rank == 0 else lambda: None)

    @property
    def _processes(self) -> Processes:
        return self.engine.processes

    def _last_good(self) -> str:
        written = self.folder.checkpoints()
        return f"the last good checkpoint is {written[-1]}" if written else "no checkpoint has been written yet"
