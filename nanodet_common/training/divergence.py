"""Training that has gone wrong, and how it is noticed."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from jtmigrate.errors import UserError
from nanodet_common.training.engine import StepReport

GREATEST_LOSS = 1000.0
"""Fresh detectors begin between 5 and 50, and what one step adds to that is small against this."""


class Diverged(UserError):
    """The loss or the weights are no longer usable. One line: which step, which files, what to go on from."""


def what_went_wrong(report: StepReport) -> str | None:
    """Why a step's numbers say that training cannot go on; None if it can.

    It cannot where the loss, one of its parts or the norm of the gradients is no finite number, or the loss is above
    `GREATEST_LOSS`.
    """
    for name, value in {**report.losses, "the norm of the gradients": report.grad_norm}.items():
        if not math.isfinite(value):
            return f"{name} is {value}"
    loss = report.losses["loss"]
    return f"loss is {loss:.4g}, above {GREATEST_LOSS:g}" if loss > GREATEST_LOSS else None


def first_not_finite(entries: Mapping[str, Any], name: str = "") -> str | None:
    """Dotted name of the first array in nested entries that holds NaN or infinity."""
    for key, entry in entries.items():
        path = f"{name}.{key}" if name else str(key)
        if isinstance(entry, Mapping):
            if found := first_not_finite(entry, path):
                return found
        elif isinstance(entry, np.ndarray) and entry.dtype.kind == "f" and not np.isfinite(entry).all():
            return path
    return None
