"""Golden values of the original NanoDet-Plus code: how its parameters are filled and its tensors summarised.

Described in the README.md of the reference material that lies beside the repository.
"""

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

PUBLISHED_CONFIGS = ("nanodet-plus-m-1.5x_320", "nanodet-plus-m-1.5x_416", "nanodet-plus-m_320", "nanodet-plus-m_416")
RECIPE_CONFIGS = ("nanodet-plus-m_320", "nanodet-plus-m_416")
ADAMW = {"lr": 1e-3, "weight_decay": 0.05}
MAX_GRADIENT_NORM = 35
BOUNDS = {
    "float32": {"loss": 1e-5, "gradient": 1e-2, "overall": 1e-6, "running": 1e-5, "step": 3e-4},
    "float64": {"loss": 1e-9, "gradient": 1e-8, "overall": 1e-12, "running": 1e-8, "step": 1e-8},
}
"""Relative; "gradient" of a tensor's own norm, plus "overall" of the global one; "step" for a step's gradient norms.

Two float64 runs differ by the order of sums alone. In float32, a LeakyReLU input that rounds to the other side of zero
moves a gradient by far more than rounding: the original itself is up to 1.7e-2 of a gradient's own norm away from its
float64 run.
"""


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
    return np.asarray(value, np.float32)


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
    actual: Mapping[str, np.ndarray],
    expected: Mapping[str, dict],
    *,
    own: float,
    overall: float,
    skip: Iterable[str] = (),
) -> dict[str, float]:
    """Tensors further from the golden than allowed, and by how many times.

    Allowed is `own` of the tensor's norm plus `overall` of the global norm.
    """
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


def summary_distance(a: dict, b: dict) -> float:
    """`tensor_distance` between two golden summaries."""
    return max(
        abs(a["l2"] - b["l2"]),
        abs(a["projection"] - b["projection"]),
        np.abs(np.subtract(a["samples"], b["samples"])).max(),
    )


FLOAT32_FACTOR = 3
"""How many times the original's own float32 error, against its float64 run, another float32 run may be away from it.

Only after the first step of AdamW, which moves every element by the learning rate in the direction of its gradient's
sign: elements whose gradient is rounding alone move as far as the others.
"""


def assert_step(
    golden: dict, dtype: str, number: int, *, loss: float, norm: float, clipped: float, tolerance: float
) -> None:
    """Loss and gradient norm, before and after clipping, of step `number` (0, 1, 2) are the golden's.

    tolerance: relative; in float32, FLOAT32_FACTOR of the original's own error is added after the first step.
    """
    steps, exact_steps = golden[dtype]["adamw"]["steps"], golden["float64"]["adamw"]["steps"]
    for name, value in (("loss", loss), ("grad_norm", norm), ("grad_norm_clipped", clipped)):
        later = zip(steps[1:], exact_steps[1:], strict=True)
        own_error = max(abs(step[name] / exact[name] - 1) for step, exact in later) if number > 0 else 0
        allowed = tolerance + FLOAT32_FACTOR * own_error
        assert abs(value / steps[number][name] - 1) <= allowed, (number, name, value, steps[number][name])


def assert_adamw(
    golden: dict,
    dtype: str,
    *,
    delta: Mapping[str, np.ndarray],
    exp_avg: Mapping[str, np.ndarray],
    exp_avg_sq: Mapping[str, np.ndarray],
    own: float,
    overall: float,
) -> None:
    """Change and moments of every parameter after three steps are the golden's; zero gradients are left out."""
    expected, exact = golden[dtype]["adamw"], golden["float64"]["adamw"]
    skip = zero_gradients(golden)
    assert len(skip) == 29
    for quantity, actual in (("delta", delta), ("exp_avg", exp_avg), ("exp_avg_sq", exp_avg_sq)):
        if dtype == "float64":
            assert not excess(actual, expected[quantity], own=own, overall=overall, skip=skip), quantity
            continue
        assert_within_noise(actual, expected[quantity], exact[quantity], skip)


def assert_within_noise(
    actual: Mapping[str, np.ndarray], expected: Mapping[str, dict], exact: Mapping[str, dict], skip: Iterable[str]
) -> None:
    """Distances from the golden float32 tensors are at most FLOAT32_FACTOR of these tensors' own from float64.

    Compared are the median, the ninth decile and the largest over all tensors, each in terms of the tensor's norm:
    which tensors are hit by a LeakyReLU input on the other side of zero is chance, how many and how much is not.
    """
    names = [name for name in expected if name not in set(skip)]
    errors = [tensor_distance(name, actual[name], expected[name]) / expected[name]["l2"] for name in names]
    noise = [summary_distance(expected[name], exact[name]) / expected[name]["l2"] for name in names]
    for share in (0.5, 0.9, 1.0):
        found, allowed = np.quantile(errors, share), FLOAT32_FACTOR * np.quantile(noise, share)
        assert found <= allowed, (share, found, allowed)
