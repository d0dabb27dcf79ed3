"""One step of an optimizer for one parameter, in numpy and float64.

"quirks" are ways to get it wrong that no option names:
decoupled        weight decay beside the gradient (AdamW) or in it (Adam)
bias_correction  moments divided by 1 - beta ** step
eps_inside       eps is added before the root, or before the bias correction of the root ("early")
steps            how many steps too many are counted
dampens_first    momentum damps the first gradient too
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from jtmigrate.trace.optimizer import NEUTRAL, Option

Slots = Mapping[str, np.ndarray]


def emulate_step(
    kind: str,
    options: Mapping[str, Option],
    parameter: np.ndarray,
    gradient: np.ndarray,
    slots: Slots,
    quirks: Mapping[str, Any] | None = None,
) -> tuple[np.ndarray, dict[str, np.ndarray]] | None:
    """The parameter and its slots after a step; None for an optimizer that is not known."""
    if kind not in STEPS:
        return None
    exact = {name: np.asarray(array, np.float64) for name, array in slots.items()}
    signed = -gradient if options.get("maximize") else gradient
    with np.errstate(all="ignore"):
        return STEPS[kind](
            {**NEUTRAL, **options}, parameter.astype(np.float64), signed.astype(np.float64), exact, quirks or {}
        )


def _adam(
    options: Mapping[str, Any], parameter: np.ndarray, gradient: np.ndarray, slots: Slots, quirks: Mapping[str, Any]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    lr, (beta1, beta2), eps, decay = (options[name] for name in ("lr", "betas", "eps", "weight_decay"))
    step = float(slots.get("step", 0)) + 1
    counted = step + quirks.get("steps", 0)
    start = parameter
    if quirks.get("decoupled", False):
        start = parameter * (1 - lr * decay)
    else:
        gradient = gradient + decay * parameter
    average = slots.get("exp_avg", 0.0) * beta1 + gradient * (1 - beta1)
    square = slots.get("exp_avg_sq", 0.0) * beta2 + gradient**2 * (1 - beta2)
    after = {"step": np.asarray(step), "exp_avg": average, "exp_avg_sq": square}
    if options["amsgrad"]:
        square = np.maximum(slots.get("max_exp_avg_sq", 0.0), square)
        after["max_exp_avg_sq"] = square
    correct = quirks.get("bias_correction", True)
    if correct and not counted:
        return np.full_like(start, np.nan), after  # a correction for no step at all divides by zero
    first, second = (1 - beta1**counted, 1 - beta2**counted) if correct else (1.0, 1.0)
    place = quirks.get("eps_inside", "")
    if place == "root":
        denominator = np.sqrt(square / second + eps)
    elif place == "early":
        denominator = (np.sqrt(square) + eps) / math.sqrt(second)
    else:
        denominator = np.sqrt(square / second) + eps
    return start - lr / first * average / denominator, after


def _adamw(
    options: Mapping[str, Any], parameter: np.ndarray, gradient: np.ndarray, slots: Slots, quirks: Mapping[str, Any]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    return _adam(options, parameter, gradient, slots, {"decoupled": True, **quirks})


def _sgd(
    options: Mapping[str, Any], parameter: np.ndarray, gradient: np.ndarray, slots: Slots, quirks: Mapping[str, Any]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    momentum, after = options["momentum"], {}
    gradient = gradient + options["weight_decay"] * parameter
    if momentum:
        kept = 1 - options["dampening"]
        if "momentum_buffer" in slots:
            after["momentum_buffer"] = slots["momentum_buffer"] * momentum + gradient * kept
        else:
            after["momentum_buffer"] = gradient * (kept if quirks.get("dampens_first", False) else 1.0)
        gradient = gradient + momentum * after["momentum_buffer"] if options["nesterov"] else after["momentum_buffer"]
    return parameter - options["lr"] * gradient, after


def _rmsprop(
    options: Mapping[str, Any], parameter: np.ndarray, gradient: np.ndarray, slots: Slots, quirks: Mapping[str, Any]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    alpha, momentum = options["alpha"], options["momentum"]
    gradient = gradient + options["weight_decay"] * parameter
    square = slots.get("square_avg", 0.0) * alpha + gradient**2 * (1 - alpha)
    after = {"step": np.asarray(float(slots.get("step", 0)) + 1), "square_avg": square}
    if options["centered"]:
        after["grad_avg"] = slots.get("grad_avg", 0.0) * alpha + gradient * (1 - alpha)
        square = square - after["grad_avg"] ** 2
    inside = quirks.get("eps_inside", "") == "root"
    change = gradient / (np.sqrt(square + options["eps"]) if inside else np.sqrt(square) + options["eps"])
    if momentum:
        after["momentum_buffer"] = change = slots.get("momentum_buffer", 0.0) * momentum + change
    return parameter - options["lr"] * change, after


STEPS = {"AdamW": _adamw, "Adam": _adam, "SGD": _sgd, "RMSprop": _rmsprop}
