"""How a value is drawn."""

import numpy as np


def between(random: np.random.Generator, start: float, end: float) -> float:
    """A value drawn evenly between two ends. Unlike numpy's `uniform`, and like the original, in either order."""
    return start + (end - start) * random.random()
