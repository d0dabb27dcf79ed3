"""What a seed decides: the order of an epoch's images, and the draws of each of its samples."""

import numpy as np

# What a generator is for. numpy takes (seed, epoch) and (seed, epoch, 0) for the same, so both are numbered.
_ORDER, _SAMPLE = range(2)


def image_order(count: int, *, seed: int, epoch: int, shuffle: bool) -> np.ndarray:
    """The indices 0 .. count - 1 in the order of an epoch."""
    if not shuffle:
        return np.arange(count)
    return np.random.default_rng((seed, epoch, _ORDER)).permutation(count)


def sample_generator(*, seed: int, epoch: int, index: int) -> np.random.Generator:
    """The random draws for the image of this index in this epoch, wherever and whenever it is prepared."""
    return np.random.default_rng((seed, epoch, _SAMPLE, index))
