"""Limits on gradients, between `optimizer.backward(loss)` and `optimizer.step()`."""

import jittor as jt

from jtmigrate.parity.functional.numerics import scalar


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
    squares = [gradient.float64().sqr().sum() for gradient in gradients]
    norm = jt.sqrt(jt.concat(squares).sum())
    with jt.flag_scope(auto_convert_64_to_32=0):
        factor = jt.minimum(scalar(max_norm, norm) / (norm + scalar(1e-6, norm)), scalar(1.0, norm))
    for gradient in gradients:
        gradient.update(gradient * factor.cast(gradient.dtype))
    return norm
