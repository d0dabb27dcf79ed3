"""The fixed random numbers that backward passes start from, the same for every framework."""

import zlib

import numpy as np


def cotangent(key: str, number: int, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal numbers (float64) for the `number`-th array that the call `key` returns or hands on.

    By number and not by name, because frameworks name nested outputs differently.
    """
    seed = zlib.crc32(f"{key}:{number}".encode())
    return np.random.RandomState(seed).standard_normal(shape)
