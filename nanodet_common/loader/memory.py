"""Memory that processes share and that cannot be left behind: it has no name and goes with its last user."""

import mmap
import os
import pickle
import tempfile
from collections.abc import Sequence

import numpy as np

from nanodet_common.datasets.dataset import ImageRecord


def shared_file(size: int) -> int:
    """The descriptor of a nameless file of `size` bytes, all zero, in memory where the system can do that."""
    if hasattr(os, "memfd_create"):
        # Other than /dev/shm, this has no size limit of its own, which is 64 MB in most containers.
        descriptor = os.memfd_create("nanodet-loader")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.truncate(descriptor, size)
    return descriptor


def float_rows(descriptor: int, rows: int) -> np.ndarray:
    """A shared file as an array of so many rows of float32."""
    return np.frombuffer(mmap.mmap(descriptor, 0), np.float32).reshape(rows, -1)


class SharedRecords:
    """A data set's records in a shared file, so that no process needs a copy of all of them."""

    def __init__(self, descriptor: int) -> None:
        self._content = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)

    def __getitem__(self, index: int) -> ImageRecord:
        start, end = np.frombuffer(self._content, np.int64, count=2, offset=8 * index)
        return pickle.loads(self._content[start:end])


def share_records(records: Sequence[ImageRecord]) -> int:
    """Write records into a shared file and return its descriptor, for `SharedRecords`.

    First come len(records) + 1 offsets, then what lies between them.
    """
    pickled = [pickle.dumps(record, protocol=pickle.HIGHEST_PROTOCOL) for record in records]
    sizes = [8 * (len(records) + 1), *(len(text) for text in pickled)]
    descriptor = shared_file(sum(sizes))
    with open(descriptor, "wb", closefd=False) as file:
        file.write(np.cumsum(sizes, dtype=np.int64).tobytes())
        file.writelines(pickled)
    return descriptor
