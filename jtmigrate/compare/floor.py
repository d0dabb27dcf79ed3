"""The noise floor: how far rounding alone takes the reference from its own exact result."""

import numpy as np

from jtmigrate.allowances import same_shape
from jtmigrate.compare.estimates import Known, estimated_error, is_sketched
from jtmigrate.compare.metrics import scale, scaled

LOWEST = 2.0**-22
"""Four units of float32 rounding: below this nothing can be told from noise."""


def noise_floor(reference32: Known, reference64: Known) -> float:
    """max|float32 - float64| / max|float32| of the reference, at least `LOWEST`.

    Never the candidate's: a sloppy port would excuse itself.
    """
    if not same_shape(reference32, reference64) or reference32.size == 0:
        return LOWEST
    if is_sketched(reference32, reference64):
        return min(max(estimated_error(reference32, reference64).scaled, LOWEST), 1.0)
    exact = reference64.astype(np.float64, copy=False).ravel()
    rounded = reference32.astype(np.float64).ravel()
    finite = np.isfinite(exact) & np.isfinite(rounded)
    max_abs = float(np.max(np.abs(rounded[finite] - exact[finite]), initial=0.0))
    return min(max(scaled(max_abs, scale(reference32)), LOWEST), 1.0)
