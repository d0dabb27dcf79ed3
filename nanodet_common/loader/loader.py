"""The batches of a data set, epoch by epoch: the same for a seed, whoever prepares them, for either framework."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import count
from types import TracebackType
from weakref import WeakSet

from nanodet_common.config import DatasetConfig
from nanodet_common.datasets.dataset import Dataset
from nanodet_common.datasets.problems import Problems
from nanodet_common.errors import InputError
from nanodet_common.loader.batch import Batch, Sample
from nanodet_common.loader.order import image_order
from nanodet_common.loader.pool import Pool
from nanodet_common.loader.prepare import Recipe, prepare, prepare_another
from nanodet_common.loader.process import PATIENCE
from nanodet_common.loader.stack import stack


class Loader:
    """Batches of a data set.

    workers    processes that prepare samples ahead; 0: the calling process does, when asked, and gives the same bytes
    seed       decides order and augmentation, together with the epoch's number
    augment    training samples, otherwise validation samples
    shuffle    another order in every epoch, otherwise that of the data set
    drop_last  leave out a last batch that is not full
    share      (r, n): of each batch the images r, r + n, r + 2n, ...; what n processes take is the whole batch
    patience   seconds that a worker may take over one image; after them it is an error
    problems   an image that cannot be read is noted there; a training batch has the next one instead, another batch
               lacks it. None: it is an error

    Workers start with the first epoch and serve the following ones; `close`, the end of a `with` block, garbage
    collection and the end of the interpreter stop them. An epoch that is broken off stops its workers too.
    """

    def __init__(
        self,
        dataset: Dataset,
        config: DatasetConfig,
        *,
        batch_size: int,
        workers: int,
        seed: int,
        augment: bool,
        shuffle: bool,
        drop_last: bool,
        share: tuple[int, int] = (0, 1),
        patience: float = PATIENCE,
        problems: Problems | None = None,
    ) -> None:
        """Raises InputError for numbers that make no sense."""
        for name, value, least in (("batch size", batch_size, 1), ("number of workers", workers, 0), ("seed", seed, 0)):
            if value < least:
                raise InputError(f"the {name} is {value}; it must be at least {least}")
        self._dataset = dataset
        self._recipe = Recipe(config, augment, seed)
        self._batch_size, self._workers = batch_size, workers
        self._shuffle, self._drop_last, self._share = shuffle, drop_last, share
        self._patience, self._problems = patience, problems
        self._pools: WeakSet[Pool] = WeakSet()
        self._idle: list[Pool] = []

    def __len__(self) -> int:
        """Batches an epoch."""
        full, rest = divmod(len(self._dataset), self._batch_size)
        return full + (rest > 0 and not self._drop_last)

    def epoch(self, number: int, *, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, from the batch of index `start` on: exactly those that would have come then.

        While iterating: raises InputError for an image that cannot be read, unless `problems` takes it, and LoaderError
        for a worker that died or does not answer, both naming the file and the batch.
        """
        if not 0 <= start <= len(self):
            raise InputError(f"an epoch of {len(self)} batches cannot start at batch {start}")
        order = image_order(len(self._dataset), seed=self._recipe.seed, epoch=number, shuffle=self._shuffle).tolist()
        firsts = range(start * self._batch_size, len(self) * self._batch_size, self._batch_size)
        rank, size = self._share
        own = [order[first + rank : first + self._batch_size : size] for first in firsts]
        return self._named(number, start, own)

    def close(self) -> None:
        """Stop the workers. A later epoch starts new ones."""
        self._idle.clear()
        for pool in list(self._pools):
            pool.close()

    def __enter__(self) -> "Loader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _named(self, epoch: int, start: int, batches: Sequence[Sequence[int]]) -> Iterator[Batch]:
        """The batches; an error tells which of them it prevented."""
        make = self._prepared_by_workers if self._workers else self._prepared_here
        with closing(make(epoch, batches)) as made:
            for number in count(start):
                try:
                    batch = next(made)
                except StopIteration:
                    return
                except InputError as error:
                    raise type(error)(f"{error} (batch {number} of epoch {epoch})") from error
                if batch is not None:
                    yield batch

    def _prepared_here(self, epoch: int, batches: Sequence[Sequence[int]]) -> Iterator[Batch | None]:
        for batch in batches:
            yield stack(self._prepared(epoch, index) for index in batch)

    def _prepared(self, epoch: int, index: int) -> Sample | None:
        try:
            return prepare(self._recipe, self._dataset.images[index], epoch=epoch, index=index)
        except InputError as error:
            return prepare_another(
                self._recipe, self._dataset.images, error, epoch=epoch, index=index, problems=self._problems
            )

    def _prepared_by_workers(self, epoch: int, batches: Sequence[Sequence[int]]) -> Iterator[Batch | None]:
        if not batches:
            return
        pool = self._idle.pop() if self._idle else self._new_pool()
        try:
            yield from pool.batches(epoch, batches)
        except BaseException:
            pool.close()
            raise
        self._idle.append(pool)

    def _new_pool(self) -> Pool:
        batch_size = -(-min(self._batch_size, len(self._dataset)) // self._share[1])
        pool = Pool(
            self._recipe,
            self._dataset.images,
            workers=self._workers,
            batch_size=batch_size,
            patience=self._patience,
            problems=self._problems,
        )
        self._pools.add(pool)
        return pool
