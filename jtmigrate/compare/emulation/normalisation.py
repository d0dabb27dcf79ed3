"""Normalisation layers, and what batch normalisation does to its running statistics."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]
Settings = Mapping[str, Any]

EPS, MOMENTUM = 1e-5, 0.1


def batch_norm(inputs: Sequence[np.ndarray], state: Arrays, settings: Settings) -> np.ndarray:
    """Per channel, by the batch's statistics in training and by the running ones otherwise."""
    x = inputs[0]
    if settings.get("training", False) or "running_var" not in state:
        mean, var = _moments(x, _all_but_channels(x), settings)
    else:
        mean, var = (_by_channel(state[name], x) for name in ("running_mean", "running_var"))
    return _scaled((x - mean) / np.sqrt(var + settings.get("eps", EPS)), state)


def running_statistics(x: np.ndarray, state: Arrays, settings: Settings) -> dict[str, np.ndarray]:
    """The running mean and variance after one batch; "unbiased" tells which variance of the batch they take."""
    mean, var = (values.ravel() for values in _moments(x, _all_but_channels(x), {}))
    count = x.size // x.shape[1]
    if settings.get("unbiased", True):
        var = var * count / max(count - 1, 1)
    take = settings.get("momentum", MOMENTUM)
    return {
        "running_mean": state["running_mean"] * (1 - take) + mean * take,
        "running_var": state["running_var"] * (1 - take) + var * take,
    }


def instance_norm(inputs: Sequence[np.ndarray], state: Arrays, settings: Settings) -> np.ndarray:
    """Per channel of every sample."""
    x = inputs[0]
    return _scaled(_normal(x, tuple(range(2, x.ndim)), settings), state)


def group_norm(inputs: Sequence[np.ndarray], state: Arrays, settings: Settings) -> np.ndarray:
    """Per group of channels of every sample."""
    x = inputs[0]
    grouped = x.reshape(x.shape[0], settings["num_groups"], -1)
    return _scaled(_normal(grouped, (2,), settings).reshape(x.shape), state)


def layer_norm(inputs: Sequence[np.ndarray], state: Arrays, settings: Settings) -> np.ndarray:
    """Over the last dimensions, as many as `normalized_shape` has."""
    x = inputs[0]
    last = len(settings["normalized_shape"])
    normal = _normal(x, tuple(range(x.ndim - last, x.ndim)), settings)
    return normal * state.get("weight", 1.0) + state.get("bias", 0.0)


def _normal(x: np.ndarray, axes: tuple[int, ...], settings: Settings) -> np.ndarray:
    mean, var = _moments(x, axes, settings)
    return (x - mean) / np.sqrt(var + settings.get("eps", EPS))


def _moments(x: np.ndarray, axes: tuple[int, ...], settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance; "sample_variance", which no layer of PyTorch has, asks for the unbiased one."""
    degrees = int(settings.get("sample_variance", False))
    return x.mean(axes, keepdims=True), x.var(axes, keepdims=True, ddof=degrees)


def _all_but_channels(x: np.ndarray) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))


def _by_channel(values: np.ndarray, x: np.ndarray) -> np.ndarray:
    return values.reshape(-1, *(1,) * (x.ndim - 2))


def _scaled(normal: np.ndarray, state: Arrays) -> np.ndarray:
    for name, apply in (("weight", np.multiply), ("bias", np.add)):
        if name in state:
            normal = apply(normal, _by_channel(state[name], normal))
    return normal


LAYERS = {
    "BatchNorm": batch_norm,
    "SyncBatchNorm": batch_norm,
    "InstanceNorm": instance_norm,
    "GroupNorm": group_norm,
    "LayerNorm": layer_norm,
}
