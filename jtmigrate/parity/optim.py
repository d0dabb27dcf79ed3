"""`torch.optim` in Jittor: the same steps from the same gradients, in float32 and float64."""

import math
from collections.abc import Sequence

import jittor as jt

from jtmigrate.parity.functional import scalar


class AdamW(jt.optim.AdamW):
    """Adam with decoupled weight decay (Loshchilov & Hutter, 2019, https://arxiv.org/abs/1711.05101).

    Differs from stock Jittor: PyTorch's order and defaults of arguments (decay 0.01, not 0), and constants that keep
    their precision in float64. State stays where stock Jittor has it: first moments in `param_groups[i]["m"]`, second
    ones in `param_groups[i]["values"]`.
    """

    def __init__(
        self,
        params: Sequence[jt.Var],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ):
        super().__init__(list(params), lr, eps, betas, weight_decay)

    def step(self, loss: jt.Var | None = None, retain_graph: bool = False) -> None:
        """Update every parameter from the gradients of the last `backward`, or of `loss` if it is given."""
        self.pre_step(loss, retain_graph)
        for group in self.param_groups:
            lr = group.get("lr", self.lr)
            eps = group.get("eps", self.eps)
            beta1, beta2 = group.get("betas", self.betas)
            decay = 1 - lr * group.get("weight_decay", self.weight_decay)
            step_size = lr / (1 - beta1**self.n_step)
            root_correction = math.sqrt(1 - beta2**self.n_step)
            for param, gradient, square, average in zip(
                group["params"], group["grads"], group["values"], group["m"], strict=True
            ):
                if param.is_stop_grad():
                    continue

                def exact(value: float, like: jt.Var = param) -> "float | jt.Var":
                    return scalar(value, like)

                average.update(average * exact(beta1) + gradient * exact(1 - beta1))
                square.update(square * exact(beta2) + gradient * gradient * exact(1 - beta2))
                denominator = jt.sqrt(square) / exact(root_correction) + exact(eps)
                param.update(param * exact(decay) - average * exact(step_size) / denominator)
        self.post_step()


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
