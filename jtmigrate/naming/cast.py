"""Change a tensor's dtype, only where nothing is lost."""

import numpy as np

_NUMBERS = {"f": "floating", "i": "integer", "u": "integer", "b": "bool"}


def lossless_cast(array: np.ndarray, dtype: str) -> np.ndarray | None:
    """`array` in `dtype`, or None if a value would change or a float would become an integer or bool, or back.

    Decided by the values: float32 weights that were stored as float64 go back to float32 unharmed.
    """
    target = np.dtype(dtype)
    if _NUMBERS.get(array.dtype.kind) != _NUMBERS.get(target.kind):
        return None
    with np.errstate(over="ignore", under="ignore"):
        cast = array.astype(target)
    return cast if np.array_equal(cast, array, equal_nan=target.kind == "f") else None
