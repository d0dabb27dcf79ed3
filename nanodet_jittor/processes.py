"""Processes that `mpirun` started together. They exchange arrays in main memory, by the MPI that Jittor is built with.

Every exchange takes place when it is asked for. As operators of the graph (`Var.mpi_all_reduce`) they would come in the
order in which the executor of each process gets to them, and MPI pairs them by order alone.
"""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import jittor as jt
import numpy as np

from nanodet_common.training.processes import ALONE, Processes


class ProcessGroup:
    """All processes of an `mpirun`."""

    def __init__(self) -> None:
        self.rank, self.size = jt.mpi.world_rank(), jt.mpi.world_size()

    def sum(self, array: np.ndarray) -> np.ndarray:
        with jt.flag_scope(use_cuda=0, auto_convert_64_to_32=0):
            total = jt.array(np.atleast_1d(array))
            total.sync()
            jt.mpi.var_all_reduce(total)
            return total.numpy().reshape(array.shape)

    def gather(self, value: Any) -> list[Any]:
        own = np.frombuffer(pickle.dumps(value), np.uint8)
        sizes = np.zeros(self.size, np.int64)
        sizes[self.rank] = len(own)
        ends = list(accumulate(self.sum(sizes).tolist()))
        # Each writes into a place of its own: sums of bytes of which all but one are 0.
        places = np.zeros(ends[-1], np.uint8)
        places[ends[self.rank] - len(own) : ends[self.rank]] = own
        return [pickle.loads(part.tobytes()) for part in np.split(self.sum(places), ends[:-1])]


@contextmanager
def join() -> Iterator[Processes]:
    """The processes of the `mpirun` that started this one; one that was started otherwise is alone."""
    if not jt.in_mpi:
        yield ALONE
        return
    # Where it is true, Jittor's optimizers average the gradients of every `backward` by operators of the graph.
    jt.in_mpi = False
    try:
        yield ProcessGroup()
    finally:
        jt.in_mpi = True


def sums(processes: Processes, *tensors: jt.Var, divisor: int = 1) -> list[jt.Var]:
    """Each Var added up over all processes and divided, without gradient, in one exchange; all of one dtype."""
    if processes.size == 1:
        return list(tensors)
    arrays = jt.fetch_sync(list(tensors))
    total = processes.sum(np.concatenate([array.reshape(-1) for array in arrays])) / divisor
    parts = np.split(total, list(accumulate(array.size for array in arrays))[:-1])
    with jt.flag_scope(auto_convert_64_to_32=0):
        return [jt.array(part.reshape(tensor.shape)) for part, tensor in zip(parts, tensors, strict=True)]


def means(processes: Processes, *tensors: jt.Var) -> list[jt.Var]:
    """`sums` divided by the number of processes."""
    return sums(processes, *tensors, divisor=processes.size)


def average_gradients(optimizer: jt.optim.Optimizer, processes: Processes) -> None:
    """Make every gradient the mean of those of all processes."""
    if processes.size == 1:
        return
    gradients = [gradient for group in optimizer.param_groups for gradient in group["grads"]]
    for gradient, mean in zip(gradients, means(processes, *gradients), strict=True):
        gradient.update(mean)
