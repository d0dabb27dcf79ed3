"""Options of the detectors' own commands, for the commands of the toolkit that hand them on."""

from nanodet_common.command_line.options import (
    BATCH,
    DEFAULT_CONFIG,
    WORKERS,
    Batch,
    Classes,
    Coco,
    Config,
    Difficult,
    DifficultObjects,
    Html,
    Images,
    Json,
    NumClasses,
    OnProblem,
    Problems,
    Split,
    Voc,
    Weights,
    Workers,
)

__all__ = [
    "BATCH", "DEFAULT_CONFIG", "WORKERS", "Batch", "Classes", "Coco", "Config", "Difficult", "DifficultObjects", "Html",
    "Images", "Json", "NumClasses", "OnProblem", "Problems", "Split", "Voc", "Weights", "Workers",
]  # fmt: skip
