"""bfloat16, which numpy lacks: the upper half of a float32, so float32 holds each of its values exactly."""

import numpy as np

BFLOAT16 = "bfloat16"
NUMPY_FORM = "float32"
"""Dtype in which its values are read."""

BITS = np.dtype("<u2")


def widened(bits: np.ndarray) -> np.ndarray:
    """The float32 values of bfloat16 bits, NaN payloads included."""
    wide = bits.astype(np.uint32)
    np.left_shift(wide, np.uint32(16), out=wide)
    return wide.view(NUMPY_FORM)
