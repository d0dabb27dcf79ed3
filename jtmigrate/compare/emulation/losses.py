"""Losses of (prediction, target); "reduction" is "mean", "sum" or "none"."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Settings = Mapping[str, Any]
Arrays = Mapping[str, np.ndarray]
Elementwise = Callable[[np.ndarray, np.ndarray, Settings], np.ndarray]

IGNORED = -100
LOWEST_LOG = -100.0
"""PyTorch's binary cross entropy goes no lower."""


def smooth_l1(x: np.ndarray, target: np.ndarray, settings: Settings) -> np.ndarray:
    """Quadratic where the difference is below beta, linear above."""
    difference, beta = np.abs(x - target), settings.get("beta", 1.0)
    return np.where(difference < beta, 0.5 * difference**2 / (beta or 1.0), difference - 0.5 * beta)


def huber(x: np.ndarray, target: np.ndarray, settings: Settings) -> np.ndarray:
    """Smooth L1 times delta."""
    delta = settings.get("delta", 1.0)
    return delta * smooth_l1(x, target, {"beta": delta})


def binary_cross_entropy(x: np.ndarray, target: np.ndarray, settings: Settings) -> np.ndarray:
    """Of probabilities."""
    return -(target * np.maximum(np.log(x), LOWEST_LOG) + (1 - target) * np.maximum(np.log1p(-x), LOWEST_LOG))


def binary_cross_entropy_with_logits(x: np.ndarray, target: np.ndarray, settings: Settings) -> np.ndarray:
    """Of logits."""
    return np.logaddexp(0, x) - x * target


def cross_entropy(inputs: Sequence[np.ndarray], state: Arrays, settings: Settings) -> np.ndarray:
    """Of logits (N, C, ...) and class numbers (N, ...)."""
    logits, labels = inputs[0], inputs[1].astype(np.int64)
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    kept = labels != settings.get("ignore_index", IGNORED)
    weight = state["weight"][np.where(kept, labels, 0)] if "weight" in state else np.ones(labels.shape)
    smoothing = settings.get("label_smoothing", 0.0)
    own = -np.take_along_axis(logs, np.where(kept, labels, 0)[:, None], axis=1)[:, 0]
    values = np.where(kept, weight * ((1 - smoothing) * own - smoothing * logs.mean(axis=1)), 0.0)
    if settings.get("reduction", "mean") == "mean":
        return np.asarray(values.sum() / np.sum(weight * kept))
    return _reduced(values, settings)


def _reduced(values: np.ndarray, settings: Settings) -> np.ndarray:
    reduction = settings.get("reduction", "mean")
    return values if reduction == "none" else np.asarray(values.mean() if reduction == "mean" else values.sum())


def _layer(loss: Elementwise) -> Callable[[Sequence[np.ndarray], Arrays, Settings], np.ndarray]:
    def layer(inputs: Sequence[np.ndarray], state: Arrays, settings: Settings) -> np.ndarray:
        values = loss(inputs[0], inputs[1], settings)
        return _reduced(values * state["weight"] if "weight" in state else values, settings)

    return layer


LAYERS = {
    "MSELoss": _layer(lambda x, target, _: (x - target) ** 2),
    "L1Loss": _layer(lambda x, target, _: np.abs(x - target)),
    "SmoothL1Loss": _layer(smooth_l1),
    "HuberLoss": _layer(huber),
    "BCELoss": _layer(binary_cross_entropy),
    "BCEWithLogitsLoss": _layer(binary_cross_entropy_with_logits),
    "CrossEntropyLoss": cross_entropy,
}
