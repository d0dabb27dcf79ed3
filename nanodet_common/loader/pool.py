"""Worker processes, and the batches that they prepare ahead of their use.

Position p of an epoch goes to worker p modulo their number, and every worker answers in order. So the parent knows
whose answer comes next, and which image a worker died of; and no lock is held by a process that can be killed.
"""

import os
import signal
import threading
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, islice

from nanodet_common.datasets.dataset import ImageRecord
from nanodet_common.datasets.problems import Problems
from nanodet_common.errors import InputError, LoaderError
from nanodet_common.loader.batch import Batch, Sample
from nanodet_common.loader.memory import float_rows, share_records, shared_file
from nanodet_common.loader.prepare import Recipe, prepare_another
from nanodet_common.loader.process import WorkerProcess
from nanodet_common.loader.stack import stack
from nanodet_common.loader.worker import Answer, Request

BATCHES_AHEAD = 2
BYTES_OF_FLOAT32 = 4

Numbered = list[tuple[int, int]]
"""A batch as pairs of the position in the epoch and the image's index in the data set."""


class Pool:
    """`workers` processes that prepare batches of at most `batch_size` of the records, until `close`.

    Closed as well when it is collected, and when the interpreter ends.
    """

    def __init__(
        self,
        recipe: Recipe,
        records: Sequence[ImageRecord],
        *,
        workers: int,
        batch_size: int,
        patience: float,
        problems: Problems | None,
    ) -> None:
        self._recipe, self._records, self._patience, self._problems = recipe, records, patience, problems
        # Small batches are many, so that every worker has something to do.
        self._batches_ahead = max(BATCHES_AHEAD, -(-BATCHES_AHEAD * workers // batch_size))
        width, height = recipe.config.input_size
        places = self._batches_ahead * batch_size
        images_file, records_file = shared_file(places * 3 * height * width * BYTES_OF_FLOAT32), share_records(records)
        try:
            self._images = float_rows(images_file, places)
            self._workers: list[WorkerProcess] = []
            self.close = weakref.finalize(self, _stop, self._workers)
            for _ in range(workers):
                self._workers.append(WorkerProcess(images_file, records_file))
        finally:
            os.close(images_file)
            os.close(records_file)
        for worker in self._workers:
            worker.send((recipe, places))

    def batches(self, epoch: int, batches: Iterable[Sequence[int]]) -> Iterator[Batch | None]:
        """Batches of the images with these indices, in this order; None for one of which no image can be read.

        To be read to the end: a pool whose answers were left unread is of no more use. Raises what `prepare` raises,
        and LoaderError for a worker that died, or that does not answer.
        """
        _survive_a_child()
        position = count()
        numbered = ([(next(position), index) for index in batch] for batch in batches)
        requested = deque(self._request(epoch, batch) for batch in islice(numbered, self._batches_ahead))
        while requested:
            # Stacking copies the images, so the next request may have their places.
            batch = stack(self._receive(epoch, *wanted) for wanted in requested.popleft())
            requested.extend(self._request(epoch, following) for following in islice(numbered, 1))
            yield batch

    def _request(self, epoch: int, batch: Numbered) -> Numbered:
        """Tell every worker its share of the batch; the batch."""
        for number, worker in enumerate(self._workers):
            wanted = [
                (position % len(self._images), index)
                for position, index in batch
                if position % len(self._workers) == number
            ]
            worker.send(Request(epoch, wanted))
        return batch

    def _receive(self, epoch: int, position: int, index: int) -> Sample | None:
        number, record = position % len(self._workers), self._records[index]
        worker = self._workers[number]
        try:
            answer: Answer | InputError = worker.receive(self._patience)
        except EOFError as error:
            raise LoaderError(
                f"{record.file}: worker process {number} {worker.how_it_ended()} before this image was prepared; "
                "where memory is short, use fewer workers or smaller batches"
            ) from error
        except TimeoutError as error:
            raise LoaderError(
                f"{record.file}: worker process {number} has not prepared this image in {self._patience:g} seconds; "
                "where the disk is that slow, give it more time"
            ) from error
        if isinstance(answer, InputError):
            return prepare_another(
                self._recipe, self._records, answer, epoch=epoch, index=index, problems=self._problems
            )
        size = answer.image_shape[0] * answer.image_shape[1] * answer.image_shape[2]
        image = self._images[position % len(self._images), :size].reshape(answer.image_shape)
        return Sample(image, answer.boxes, answer.labels, answer.warp_matrix, record)


def _stop(workers: Iterable[WorkerProcess]) -> None:
    for worker in workers:
        worker.stop()


def _survive_a_child() -> None:
    """Put back Python's handler of SIGCHLD: Jittor's ends the process when a child is killed."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGCHLD, signal.getsignal(signal.SIGCHLD) or signal.SIG_DFL)
