"""How good the averaged weights are, in the middle of training."""

from collections.abc import Callable, Mapping
from typing import Protocol

from nanodet_common.config import Config
from nanodet_common.datasets.dataset import Dataset
from nanodet_common.datasets.problems import Problems
from nanodet_common.evaluation.coco import coco_metrics
from nanodet_common.evaluation.outcome import check_evaluable, readable
from nanodet_common.inference import infer
from nanodet_common.loader.loader import Loader
from nanodet_common.loader.process import PATIENCE
from nanodet_common.record import Record
from nanodet_common.sharing import own_share, shared_run
from nanodet_common.training.engine import TrainingEngine
from nanodet_common.training.processes import ALONE, Processes

Values = Mapping[str, float | None]

VALUE_OF = {
    "mAP": "mAP", "AP_50": "AP50", "AP_75": "AP75",
    "AP_small": "AP_small", "AP_m": "AP_medium", "AP_l": "AP_large",
}  # fmt: skip
"""`evaluator.save_key` -> name of the metric."""


class Validate(Protocol):
    """Metrics of an engine by name; `progress` is told how many images are done, and may raise."""

    def __call__(self, engine: TrainingEngine, progress: Callable[[int], None]) -> Values: ...


class Validation:
    """COCO's metrics on a data set, objects marked difficult like all others."""

    def __init__(
        self,
        dataset: Dataset,
        config: Config,
        *,
        batch_size: int,
        workers: int,
        patience: float = PATIENCE,
        problems: Problems | None = None,
        processes: Processes = ALONE,
    ) -> None:
        """The processes share the images, and all get the metrics. Workers, patience and problems are the loader's.

        Raises InputError for a data set on which nothing can be measured.
        """
        check_evaluable(dataset, "normal")
        self._dataset, self._config, self._batch_size, self._processes = dataset, config, batch_size, processes
        self._loader = Loader(
            own_share(dataset, batch_size, processes), config.data.val, batch_size=batch_size, workers=workers,
            seed=0, augment=False, shuffle=False, drop_last=False, patience=patience, problems=problems,
        )  # fmt: skip

    def __call__(self, engine: TrainingEngine, progress: Callable[[int], None]) -> Values:
        def run() -> Record:
            with self._loader:
                batches = self._loader.epoch(0)
                return infer(engine, batches, self._config, batch_size=self._batch_size, progress=progress)

        record = shared_run(self._dataset, self._processes, run)
        return dict(coco_metrics(readable(self._dataset, record), record.found, difficult="normal").values)
