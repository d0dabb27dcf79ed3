"""`torch.nn.utils` in Jittor, as far as it is about modules; gradients belong to the optimizer: `parity.optim`."""

from collections.abc import Iterable

import jittor as jt

from jtmigrate.parity.nn.utils import rnn

__all__ = ["parameters_to_vector", "rnn", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[jt.Var]) -> jt.Var:
    """All parameters, one after the other: (total,)."""
    return jt.concat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec: jt.Var, parameters: Iterable[jt.Var]) -> None:
    """Give the parameters the values that lie one after the other in `vec`."""
    start = 0
    for parameter in parameters:
        count = parameter.numel()
        parameter.update(vec[start : start + count].reshape(parameter.shape))
        start += count
