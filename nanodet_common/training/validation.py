"""How good the averaged weights are, in the middle of training."""

from collections.abc import Callable, Mapping
from typing import Protocol

from nanodet_common.config import Config
from nanodet_common.datasets.dataset import Dataset
from nanodet_common.evaluation.coco import coco_metrics
from nanodet_common.evaluation.outcome import check_evaluable
from nanodet_common.inference import infer
from nanodet_common.loader.loader import Loader
from nanodet_common.training.engine import TrainingEngine

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

    def __init__(self, dataset: Dataset, config: Config, *, batch_size: int, workers: int) -> None:
        """Raises InputError for a data set on which nothing can be measured."""
        check_evaluable(dataset, "normal")
        self._dataset, self._config, self._batch_size = dataset, config, batch_size
        self._loader = Loader(
            dataset, config.data.val, batch_size=batch_size, workers=workers,
            seed=0, augment=False, shuffle=False, drop_last=False,
        )  # fmt: skip

    def __call__(self, engine: TrainingEngine, progress: Callable[[int], None]) -> Values:
        with self._loader:
            run = infer(
                engine, self._loader.epoch(0), self._config, batch_size=self._batch_size, progress=progress
            )
        return dict(coco_metrics(self._dataset, run.found, difficult="normal").values)
