"""BatchNorm over the batches of all processes. Jittor's own takes the variance as E[x^2] - E[x]^2, in float32."""

from functools import partial

import jittor as jt

from jtmigrate.parity import nn, normalization
from nanodet_common.training.processes import Processes
from nanodet_jittor.processes import sums


class SyncBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm2d whose batch is that of all processes together; each has as many images of the same size."""

    def __init__(self, local: nn.BatchNorm2d, processes: Processes):
        """Takes over the parameters and buffers of a BatchNorm2d."""
        super().__init__(local.num_features, local.eps, local.momentum)
        self.weight, self.bias = local.weight, local.bias
        self.register_buffer("running_mean", local.running_mean)
        self.register_buffer("running_var", local.running_var)
        self.processes = processes

    def execute(self, x: jt.Var) -> jt.Var:
        if not self.is_training():
            return super().execute(x)
        across = normalization.BatchNorm(self.eps, sums=partial(sums, self.processes), shares=self.processes.size)
        running = (self.running_mean, self.running_var)
        return normalization.by_batch(x, across, running, self.weight, self.bias, self.momentum)


def synchronise(model: nn.Module, processes: Processes) -> None:
    """Make every BatchNorm2d of the model one over all processes. Its parameters and their names stay what they are."""
    if processes.size == 1:
        return
    for parent in model.modules():
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(parent, name, SyncBatchNorm2d(child, processes))
