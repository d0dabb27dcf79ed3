"""NanoDet-Plus's average of the weights, by which it is evaluated and released."""

from collections.abc import Mapping

import jittor as jt
import numpy as np

from jtmigrate.allowances import jittor_lacks
from jtmigrate.parity import nn
from jtmigrate.parity.optim.averaging import move_averages
from nanodet_common.training.average import new_share


class Average:
    """Exponential moving average of a model's parameters and buffers."""

    def __init__(self, model: nn.Module, decay: float):
        """Begins with what the model holds."""
        self.decay = decay
        self.updates = 0
        self._values = {}
        self.load({name: var.numpy() for name, var in model.state_dict().items()}, 0)

    @jt.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take in the model after a step."""
        self.updates += 1
        share = new_share(self.decay, self.updates)
        move_averages([(self._values[name], var) for name, var in model.state_dict().items()], share)

    def state(self) -> dict[str, np.ndarray]:
        """The averages by name, copied."""
        return {name: average.numpy() for name, average in self._values.items()}

    def load(self, arrays: Mapping[str, np.ndarray], updates: int) -> None:
        """Go on from a `state` after so many updates."""
        self.updates = updates
        with jt.flag_scope(auto_convert_64_to_32=0):
            self._values = {
                name: jt.array(np.atleast_1d(array)).stop_grad()
                for name, array in arrays.items()
                if not jittor_lacks(name)
            }
