"""Processes that `torchrun` started together. They exchange arrays in main memory, by gloo."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed

from nanodet_common.training.processes import ALONE, Processes


class ProcessGroup:
    """All processes of a `torchrun`."""

    def __init__(self) -> None:
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()

    def sum(self, array: np.ndarray) -> np.ndarray:
        total = torch.from_numpy(array.copy())
        distributed.all_reduce(total)
        return total.numpy()

    def gather(self, value: Any) -> list[Any]:
        values = [None] * self.size
        distributed.all_gather_object(values, value)
        return values


@contextmanager
def join() -> Iterator[Processes]:
    """The processes of the `torchrun` that started this one; one that was started otherwise is alone."""
    if not distributed.is_torchelastic_launched():
        yield ALONE
        return
    distributed.init_process_group("gloo")
    try:
        yield ProcessGroup()
    finally:
        distributed.destroy_process_group()


def sums(processes: Processes, *tensors: Tensor, divisor: int = 1) -> list[Tensor]:
    """Each tensor added up over all processes and divided, without gradient, in one exchange; all of one dtype."""
    if processes.size == 1:
        return list(tensors)
    joined = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
    total = torch.from_numpy(processes.sum(joined.cpu().numpy()) / divisor).to(joined.device)
    parts = total.split([tensor.numel() for tensor in tensors])
    return [part.reshape(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]


def means(processes: Processes, *tensors: Tensor) -> list[Tensor]:
    """`sums` divided by the number of processes."""
    return sums(processes, *tensors, divisor=processes.size)


def average_gradients(optimizer: torch.optim.Optimizer, processes: Processes) -> None:
    """Make every gradient the mean of those of all processes."""
    if processes.size == 1:
        return
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    for gradient, mean in zip(gradients, means(processes, *gradients), strict=True):
        gradient.copy_(mean)
