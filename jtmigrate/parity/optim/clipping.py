"""Limits on gradients, between `optimizer.backward(loss)` and `optimizer.step()`."""

from collections.abc import Sequence

import jittor as jt

from jtmigrate.parity import kernels
from jtmigrate.parity.functional.numerics import scalar
from jtmigrate.parity.kernels import many


def clip_grad_norm(optimizer: jt.optim.Optimizer, max_norm: float) -> jt.Var:
    """Scale the optimizer's gradients so that their global 2-norm is at most `max_norm`; returns the norm before.

    PyTorch's `torch.nn.utils.clip_grad_norm_` (factor max_norm / (norm + 1e-6), never above 1); stock Jittor's method
    returns nothing. Call it between `optimizer.backward(loss)` and `optimizer.step()`.
    """
    gradients = [
        gradient
        for group in optimizer.param_groups
        for param, gradient in zip(group["params"], group["grads"], strict=True)
        if not param.is_stop_grad()
    ]
    fast = kernels.apply_to(*gradients)
    norm = many.norm(gradients) if fast else _norm(gradients)
    with jt.flag_scope(auto_convert_64_to_32=0):
        factor = jt.minimum(scalar(max_norm, norm) / (norm + scalar(1e-6, norm)), scalar(1.0, norm))
    if fast:
        many.scale(gradients, factor.float32())
        return norm
    for gradient in gradients:
        gradient.update(gradient * factor.cast(gradient.dtype))
    return norm


def _norm(tensors: Sequence[jt.Var]) -> jt.Var:
    return jt.sqrt(jt.concat([tensor.float64().sqr().sum() for tensor in tensors]).sum())
