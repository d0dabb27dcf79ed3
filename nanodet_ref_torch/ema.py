"""NanoDet-Plus's average of the weights, by which it is evaluated and released."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from nanodet_common.training.average import new_share


class Average:
    """Exponential moving average of a model's parameters and buffers; counters of batches are as they are."""

    def __init__(self, model: nn.Module, decay: float):
        """Begins with what the model holds."""
        self.decay = decay
        self.updates = 0
        self._values = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take in the model after a step."""
        self.updates += 1
        share = new_share(self.decay, self.updates)
        for name, tensor in model.state_dict().items():
            average = self._values[name]
            if average.is_floating_point():
                average.mul_(1 - share).add_(tensor, alpha=share)
            else:
                average.copy_(tensor)

    def state(self) -> dict[str, np.ndarray]:
        """The averages by name, copied."""
        return {name: average.cpu().numpy().copy() for name, average in self._values.items()}

    def load(self, arrays: Mapping[str, np.ndarray], updates: int) -> None:
        """Go on from a `state` after so many updates."""
        self.updates = updates
        for name, average in self._values.items():
            average.copy_(torch.from_numpy(arrays[name]))
