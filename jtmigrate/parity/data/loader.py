"""Batches of a data set."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from jtmigrate.parity.data.collate import default_collate, default_convert
from jtmigrate.parity.data.datasets import IterableDataset
from jtmigrate.parity.data.samplers import BatchSampler, RandomSampler, SequentialSampler


class DataLoader:
    """Batches of a data set, at every iteration anew. Raises ValueError for options that exclude each other."""

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Any = None,
        batch_sampler: Any = None,
        *,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        drop_last: bool = False,
    ):
        chosen = batch_size not in (1, None) or shuffle or sampler is not None or drop_last
        if batch_sampler is not None and chosen:
            raise ValueError(
                "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
            )
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if isinstance(dataset, IterableDataset) and (shuffle or sampler is not None or batch_sampler is not None):
            raise ValueError("DataLoader with IterableDataset: expected unspecified shuffle, sampler and batch_sampler")
        self.dataset, self.batch_size, self.drop_last = dataset, batch_size, drop_last
        if not isinstance(dataset, IterableDataset) and sampler is None:
            sampler = RandomSampler(dataset) if shuffle else SequentialSampler(dataset)
        if batch_size is not None and batch_sampler is None and sampler is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        elif batch_sampler is not None:
            self.batch_size = None
        self.sampler, self.batch_sampler = sampler, batch_sampler
        batched = batch_sampler is not None or batch_size is not None
        self.collate_fn = collate_fn or (default_collate if batched else default_convert)

    def __iter__(self) -> Iterator[Any]:
        if self.batch_sampler is not None:
            return (self.collate_fn([self.dataset[index] for index in batch]) for batch in self.batch_sampler)
        if self.sampler is not None:
            return (self.collate_fn(self.dataset[index]) for index in self.sampler)
        if self.batch_size is None:
            return map(self.collate_fn, self.dataset)
        return self._batches_of_an_iterable(self.batch_size)

    def _batches_of_an_iterable(self, size: int) -> Iterator[Any]:
        entries = iter(self.dataset)
        while batch := list(islice(entries, size)):
            if len(batch) == size or not self.drop_last:
                yield self.collate_fn(batch)

    def __len__(self) -> int:
        if self.batch_sampler is not None:
            return len(self.batch_sampler)
        if self.sampler is not None:
            return len(self.sampler)
        full, rest = divmod(len(self.dataset), self.batch_size or 1)
        return full + (rest > 0 and not self.drop_last)


def get_worker_info() -> None:
    """None, as in PyTorch's main process: nothing is prepared in another one."""
