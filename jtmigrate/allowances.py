"""What cannot be the same in Jittor, and is no fault of a port."""

import numpy as np


def jittor_lacks(name: str) -> bool:
    """Whether a torch buffer has no place in a Jittor model: its BatchNorm does not count batches."""
    return name.rpartition(".")[2] == "num_batches_tracked"


def same_shape(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether shapes are equal; () and (1,) are, because Jittor has no array without dimensions."""
    return (a.shape or (1,)) == (b.shape or (1,))


def same_dtype(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether dtypes are equal; integers of any width are, because Jittor's indices are int32 where torch's are int64.

    Their values still have to be equal.
    """
    return a.dtype == b.dtype or (a.dtype.kind in "iu" and b.dtype.kind in "iu")
