"""Golden values of the original NanoDet-Plus code: how its parameters are filled and its tensors summarised.

Described in the README.md of the reference material that lies beside the repository.
"""

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

RECIPE_CONFIGS = ("nanodet-plus-m_320", "nanodet-plus-m_416")
ADAMW = {"lr": 1e-3, "weight_decay": 0.05}
MAX_GRADIENT_NORM = 35
DETACHED_EPOCH = 10


def recipe_value(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The value that the goldens' recipe gives a parameter or buffer."""
    if name.endswith("num_batches_tracked"):
        return np.zeros(shape, np.int64)
    if name.endswith("distribution_project.project"):
        return np.arange(shape[0], dtype=np.float32)
    x = np.asarray(np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape))
    if name.endswith("running_mean"):
        value = 0.1 * x
    elif name.endswith("running_var"):
        value = 1 + 0.1 * np.abs(x)
    elif ".gfl_" in name:
        value = 0.01 * x if x.ndim == 4 else 0.1 * x - 2
    elif x.ndim == 4:
        value = x * np.sqrt(2 / np.prod(shape[1:]))
    elif name.endswith((".weight", ".scale")):
        value = 1 + 0.1 * x
    else:
        value = 0.1 * x
    return value.astype(np.float32)


def training_golden(shared: Path, config: str) -> dict:
    """Losses, gradients, statistics and optimizer steps of the original on the recipe's parameters."""
    with gzip.open(shared / "golden" / f"{config}.train.json.gz") as file:
        return json.load(file)


def batch(shared: Path, golden: dict) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Images (2, 3, H, W), boxes and labels an image."""
    with np.load(shared / "golden" / golden["batch"]) as arrays:
        count = len(arrays["img"])
        boxes = [arrays[f"gt_bboxes_{i}"] for i in range(count)]
        labels = [arrays[f"gt_labels_{i}"] for i in range(count)]
        return arrays["img"], boxes, labels


def tensor_distance(name: str, tensor: np.ndarray, expected: dict) -> float:
    """Largest difference from a golden summary: of the norm, the projection, and the samples."""
    flat = np.asarray(tensor, np.float64).ravel()
    at = np.linspace(0, flat.size - 1, min(8, flat.size)).astype(int)
    direction = np.random.RandomState(zlib.crc32(("proj:" + name).encode())).standard_normal(flat.size)
    return max(
        abs(np.linalg.norm(flat) - expected["l2"]),
        abs(flat @ direction - expected["projection"]),
        np.abs(flat[at] - expected["samples"]).max(),
    )


def global_norm(expected: Mapping[str, dict]) -> float:
    """Norm of all tensors taken together."""
    return float(np.sqrt(sum(summary["l2"] ** 2 for summary in expected.values())))


def excess(
    actual: Mapping[str, np.ndarray], expected: Mapping[str, dict], *, own: float, overall: float, skip: Iterable[str] = ()
) -> dict[str, float]:
    """Tensors further from the golden than `own` of their norm plus `overall` of the global norm: by how many times."""
    assert expected.keys() <= actual.keys(), sorted(expected.keys() - actual.keys())[:5]
    base = overall * global_norm(expected)
    ratios = {
        name: tensor_distance(name, actual[name], summary) / (own * summary["l2"] + base)
        for name, summary in expected.items()
        if name not in set(skip)
    }
    return {name: ratio for name, ratio in ratios.items() if not ratio <= 1}


def zero_gradients(golden: dict) -> set[str]:
    """Parameters whose gradient is zero in exact arithmetic: a bias that a later normalisation removes."""
    gradients = golden["float64"]["grad"]
    resolution = 1e-12 * global_norm(gradients)
    return {name for name, summary in gradients.items() if summary["l2"] < resolution}
