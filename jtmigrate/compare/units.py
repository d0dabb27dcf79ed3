"""Errors in terms of a magnitude, and the spacing of floating point numbers."""

import numpy as np


def scaled(max_abs: float, largest: float) -> float:
    """An absolute error in terms of the reference's largest magnitude; infinite where that is 0 and the error not."""
    if max_abs == 0:
        return 0.0
    return max_abs / largest if largest else float("inf")


def ulp(magnitude: float, dtype: np.dtype) -> float:
    """Spacing of a dtype's numbers at a magnitude, 1 for integers; never subnormal, so that one can divide by it."""
    if dtype.kind != "f":
        return 1.0
    limits = np.finfo(dtype)
    return float(np.spacing(dtype.type(max(magnitude, limits.smallest_normal / limits.eps))))
