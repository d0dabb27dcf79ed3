"""A training run for whoever sits in front of it."""

from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Column

from nanodet_common.training.monitor import Record

if TYPE_CHECKING:
    from nanodet_common.training.loop import Training

SHARE_OF_ONE_STEP = 0.02
"""In the running mean of the time that a step takes, so that the time left neither jumps nor lags."""
NO_METRICS = ("epoch", "step", "seconds")


class ConsoleMonitor:
    """A bar on a terminal; in a log a line every `interval` steps. On stderr."""

    def __init__(
        self, total_steps: int, epochs: int, *, step: int, interval: int, console: Console | None = None
    ) -> None:
        """total_steps: of the whole run, of which `step` are done already."""
        self._total, self._epochs, self._interval = total_steps, epochs, interval
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
        self._seen, self._seconds = 0, 0.0
        self._bar: Progress | None = None
        if self._console.is_terminal:
            words = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=False))
            self._bar = Progress(BarColumn(20), words, console=self._console)
            self._task = self._bar.add_task("", total=total_steps, completed=step)
            self._bar.start()

    @classmethod
    def of(cls, training: "Training") -> "ConsoleMonitor":
        """For a run that is about to begin, or to go on."""
        epochs = training.config.schedule.total_epochs
        total = epochs * len(training.batches)
        if training.max_steps is not None:
            total = min(total, training.max_steps)
        return cls(total, epochs, step=training.position.step, interval=training.config.log.interval)

    def train(self, record: Record) -> None:
        self._seen += 1
        # The first step of a process compiles, or warms caches up, and tells nothing of the others.
        new = 1.0 if self._seen <= 2 else SHARE_OF_ONE_STEP
        self._seconds += new * (record["seconds"] - self._seconds)
        if self._bar:
            self._bar.update(self._task, completed=record["step"], description=self._words(record))
        elif record["step"] % self._interval == 0 or record["step"] == self._total:
            self._console.print(self._words(record))

    def validation(self, record: Record) -> None:
        self._console.print(validation_words(record))

    def left_out(self, record: Record) -> None:
        self._console.print(f"{record['file']}: left out: {record['reason']}")

    def close(self) -> None:
        if self._bar:
            self._bar.stop()

    def _words(self, record: Record) -> str:
        remaining = timedelta(seconds=round((self._total - record["step"]) * self._seconds))
        parts = [
            f"epoch {record['epoch']}/{self._epochs}",
            f"step {record['step']:,}/{self._total:,}",
            f"loss {record['loss']:.4f}",
            f"lr {record['lr']:.2e}",
            f"{record['images_per_s']:.1f} images/s",
            f"{record['memory_mb']:,.0f} MB",
            f"{remaining} left",
        ]
        return ", ".join(parts)


def validation_words(record: Record) -> str:
    """`validation after epoch 5 (step 2,255): mAP 0.3476, AP50 0.5512, AP75 -; 71 s`."""
    values = [
        f"{name} {'-' if value is None else f'{value:.4f}'}" for name, value in record.items() if name not in NO_METRICS
    ]
    return (
        f"validation after epoch {record['epoch']} (step {record['step']:,}): {', '.join(values)}; "
        f"{record['seconds']:.0f} s"
    )
