"""A training run for TensorBoard."""

import math
import time
from pathlib import Path

from nanodet_common.event_file import restart_record, scalars_record, version_record
from nanodet_common.training.monitor import Record
from nanodet_common.training.writing import cannot_write, write_whole

TRAIN, VALIDATION = "train/", "validation/"
"""Tags begin with it."""
NOT_DRAWN = ("step", "batch")


class EventFile:
    """An event file of its own for this process, complete after each step: `tensorboard --logdir FOLDER` shows it."""

    def __init__(self, folder: Path, *, step: int) -> None:
        """Go on after this step: TensorBoard forgets what files of earlier processes say of later ones.

        Raises UserError if the file cannot be written.
        """
        # TensorBoard reads the files of a folder in the order of their names.
        self._path = folder / f"events.out.tfevents.{time.time_ns()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = open(self._path, "xb", buffering=0)  # noqa: SIM115 - open for as long as the run is
        except OSError as error:
            raise cannot_write(self._path, error) from error
        self._write(version_record(time.time()) + restart_record(step + 1, time.time()))

    def train(self, record: Record) -> None:
        self._add(TRAIN, record)

    def validation(self, record: Record) -> None:
        self._add(VALIDATION, record)

    def left_out(self, record: Record) -> None:
        """Nothing to draw."""

    def close(self) -> None:
        self._file.close()

    def _add(self, prefix: str, record: Record) -> None:
        values = {
            prefix + name: value
            for name, value in record.items()
            if name not in NOT_DRAWN and isinstance(value, int | float) and math.isfinite(value)
        }
        self._write(scalars_record(record["step"], values, time.time()))

    def _write(self, records: bytes) -> None:
        try:
            write_whole(self._file, records)
        except OSError as error:
            raise cannot_write(self._path, error) from error
