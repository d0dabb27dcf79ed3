"""In which order a data set is read."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np


class Sampler:
    """To derive from: `__iter__` over indices."""

    def __class_getitem__(cls, item: object) -> "type[Sampler]":
        """`Sampler[T]` is the class itself."""
        return cls

    def __init__(self, data_source: object = None):
        pass

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__} has no __iter__")


class SequentialSampler(Sampler):
    """0, 1, 2, ..."""

    def __init__(self, data_source: Any):
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler):
    """All indices in an order that chance gives, or so many of them; with replacement, each by itself."""

    def __init__(self, data_source: Any, replacement: bool = False, num_samples: int | None = None):
        self.data_source, self.replacement = data_source, replacement
        self._wanted = num_samples

    @property
    def num_samples(self) -> int:
        """How many there are in an epoch."""
        return len(self.data_source) if self._wanted is None else self._wanted

    def __iter__(self) -> Iterator[int]:
        count = len(self.data_source)
        if self.replacement:
            yield from np.random.randint(0, count, self.num_samples).tolist()
            return
        for first in range(0, self.num_samples, count):
            yield from np.random.permutation(count)[: self.num_samples - first].tolist()

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler):
    """The indices in an order that chance gives."""

    def __init__(self, indices: Sequence[int]):
        self.indices = indices

    def __iter__(self) -> Iterator[int]:
        for place in np.random.permutation(len(self.indices)).tolist():
            yield self.indices[place]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """Indices that come as often as their weights say."""

    def __init__(self, weights: Sequence[float], num_samples: int, replacement: bool = True):
        self.weights, self.num_samples, self.replacement = np.asarray(weights, np.float64), num_samples, replacement

    def __iter__(self) -> Iterator[int]:
        chances = self.weights / self.weights.sum()
        return iter(np.random.choice(len(chances), self.num_samples, self.replacement, chances).tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler):
    """What a sampler gives, in lists of one length but for the last."""

    def __init__(self, sampler: Any, batch_size: int, drop_last: bool):
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        full, rest = divmod(len(self.sampler), self.batch_size)
        return full + (rest > 0 and not self.drop_last)
