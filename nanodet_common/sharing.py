"""A run over a data set that several processes share."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from nanodet_common.datasets.dataset import Dataset
from nanodet_common.record import Record
from nanodet_common.training.processes import Processes, in_agreement

PARTS = ("found", "inputs", "outputs", "candidates", "raw")
"""Of a record, those with an entry an image."""


def own_share(dataset: Dataset, batch_size: int, processes: Processes) -> Dataset:
    """The images of this process's batches: of those that one process would make, every `size`-th.

    So a batch is the same whoever computes it, and what is found in it too, bit for bit.
    """
    own = (
        image for index, image in enumerate(dataset.images) if index // batch_size % processes.size == processes.rank
    )
    return replace(dataset, images=tuple(own))


def shared_run(dataset: Dataset, processes: Processes, run: Callable[[], Record]) -> Record:
    """Have `run` work on every process's share; each process returns the joined record, in the order of the data set.

    Time and memory are those of the first process. What `run` raises in one process, all raise (`in_agreement`).
    """
    own = in_agreement(processes, run)
    if processes.size == 1:
        return own
    shares = processes.gather(own)

    def joined(part: str) -> Mapping[int, Any]:
        entries = {image: value for share in shares for image, value in getattr(share, part).items()}
        return {image.image_id: entries[image.image_id] for image in dataset.images if image.image_id in entries}

    problems = tuple(problem for share in shares for problem in share.problems)
    return replace(shares[0], problems=problems, **{part: joined(part) for part in PARTS})
