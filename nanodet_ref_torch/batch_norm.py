"""BatchNorm over the batches of all processes. PyTorch's own, SyncBatchNorm, refuses what is not on a GPU."""

from typing import Any

import torch
from torch import Tensor, nn

from nanodet_common.training.processes import Processes
from nanodet_ref_torch.processes import sums

PIXELS = (0, 2, 3)
"""Dimensions of (N, C, H, W) that one channel has."""


class _Normalise(torch.autograd.Function):
    """x (N, C, H, W) of every process, weight (C,), bias (C,) -> the same shape, and the mean and the biased variance
    (C,) of all values, to which no gradient flows.

    Rounds where PyTorch's BatchNorm on a CPU does, so that one process and several do not drift apart by it: sums in
    float64, the rest in the precision of x. The gradients by weight and bias are this process's share.
    """

    @staticmethod
    def forward(
        context: Any, x: Tensor, weight: Tensor, bias: Tensor, eps: float, processes: Processes
    ) -> tuple[Tensor, Tensor, Tensor]:
        count = processes.size * x.numel() // x.shape[1]
        (total,) = sums(processes, x.sum(PIXELS, dtype=torch.float64))
        mean = (total / count).to(weight.dtype)
        deviation = x - mean[:, None, None]
        (total,) = sums(processes, (deviation * deviation).sum(PIXELS, dtype=torch.float64))
        var = total.to(weight.dtype) / count
        inverse_std = (1 / (var.double() + eps).sqrt()).to(weight.dtype)
        context.save_for_backward(x, weight, mean, inverse_std)
        context.processes, context.count = processes, count
        context.mark_non_differentiable(mean, var)
        scale = inverse_std * weight
        shift = (bias.double() - mean.double() * scale).to(weight.dtype)
        # PyTorch multiplies and adds with one rounding.
        y = (x.double() * scale[:, None, None]).add_(shift[:, None, None]).to(x.dtype)
        return y, mean, var

    @staticmethod
    def backward(context: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        x, weight, mean, inverse_std = context.saved_tensors
        deviation = x - mean[:, None, None]
        own_total, own_along = (
            gradient.sum(PIXELS, dtype=torch.float64),
            (gradient * deviation).sum(PIXELS, dtype=torch.float64),
        )
        total, along = sums(context.processes, own_total, own_along)
        average = (total / context.count).to(weight.dtype)
        slope = (along * inverse_std * inverse_std / context.count).to(weight.dtype)
        by_x = gradient - average[:, None, None] - deviation * slope[:, None, None]
        by_x = (by_x * (inverse_std * weight)[:, None, None]).to(x.dtype)
        return by_x, (own_along * inverse_std).to(weight.dtype), own_total.to(weight.dtype), None, None


class SyncBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm2d whose batch is that of all processes together; each has as many images of the same size."""

    def __init__(self, local: nn.BatchNorm2d, processes: Processes):
        """Takes over the parameters and buffers of a BatchNorm2d."""
        super().__init__(local.num_features, local.eps, local.momentum)
        self.weight, self.bias = local.weight, local.bias
        self.running_mean, self.running_var = local.running_mean, local.running_var
        self.num_batches_tracked = local.num_batches_tracked
        self.processes = processes

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        result, mean, var = _Normalise.apply(x, self.weight, self.bias, self.eps, self.processes)
        count = self.processes.size * x.numel() // self.num_features
        with torch.no_grad():
            self.num_batches_tracked += 1
            for running, batch in ((self.running_mean, mean), (self.running_var, var * (count / (count - 1)))):
                running.mul_(1 - self.momentum).add_(batch, alpha=self.momentum)
        return result


def synchronise(model: nn.Module, processes: Processes) -> None:
    """Make every BatchNorm2d of the model one over all processes. Its parameters and their names stay what they are."""
    if processes.size == 1:
        return
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(parent, name, SyncBatchNorm2d(child, processes))
