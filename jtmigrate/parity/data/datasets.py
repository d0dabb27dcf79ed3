"""Data sets."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import Any

import jittor as jt
import numpy as np


class Dataset:
    """To derive from: `__getitem__`, and `__len__` for those that are drawn from by chance."""

    def __class_getitem__(cls, item: object) -> "type[Dataset]":
        """`Dataset[T]` is the class itself."""
        return cls

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no __getitem__")

    def __add__(self, other: "Dataset") -> "ConcatDataset":
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """To derive from: `__iter__`."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__} has no __iter__")


class TensorDataset(Dataset):
    """Tuples of the i-th parts of tensors of one length."""

    def __init__(self, *tensors: jt.Var):
        if len({len(one) for one in tensors}) > 1:
            raise AssertionError("Size mismatch between tensors")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[jt.Var, ...]:
        # A Var does not say so itself, and a loop over the data set would never end.
        if isinstance(index, int) and not -len(self) <= index < len(self):
            raise IndexError(f"index {index} is out of bounds for dimension 0 with size {len(self)}")
        return tuple(one[index] for one in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])


class ConcatDataset(Dataset):
    """Data sets one after the other."""

    def __init__(self, datasets: Iterable[Dataset]):
        self.datasets = list(datasets)
        self.cumulative_sizes = list(accumulate(len(one) for one in self.datasets))

    def __getitem__(self, idx: int) -> Any:
        if idx < -len(self):
            raise ValueError("absolute value of index should not exceed dataset length")
        if idx >= len(self):
            raise IndexError("list index out of range")
        index = idx % len(self)
        number = bisect_right(self.cumulative_sizes, index)
        return self.datasets[number][index - self.cumulative_sizes[number] + len(self.datasets[number])]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


class Subset(Dataset):
    """Those entries of a data set that have the indices."""

    def __init__(self, dataset: Dataset, indices: Sequence[int]):
        self.dataset, self.indices = dataset, indices

    def __getitem__(self, idx: Any) -> Any:
        return self.dataset[[self.indices[i] for i in idx] if isinstance(idx, list) else self.indices[idx]]

    def __len__(self) -> int:
        return len(self.indices)


def random_split(dataset: Dataset, lengths: Sequence[int | float]) -> list[Subset]:
    """Parts without an entry in common, of these lengths or shares. Raises ValueError for others than all entries."""
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        shares, lengths = lengths, [math.floor(len(dataset) * share) for share in lengths]
        for i in range(len(dataset) - sum(lengths)):
            lengths[i % len(shares)] += 1
    if sum(lengths) != len(dataset):
        raise ValueError("Sum of input lengths does not equal the length of the input dataset!")
    order = iter(np.random.permutation(len(dataset)).tolist())
    return [Subset(dataset, list(islice(order, length))) for length in lengths]
