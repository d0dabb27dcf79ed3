"""Gradients and their switches."""

from collections.abc import Sequence
from typing import Any

import jittor as jt

__all__ = ["data", "detach_", "grad", "is_grad_enabled", "requires_grad_", "set_grad_enabled"]


def grad(
    outputs: "jt.Var | Sequence[jt.Var]",
    inputs: "jt.Var | Sequence[jt.Var]",
    grad_outputs: "jt.Var | Sequence[jt.Var] | None" = None,
) -> tuple[jt.Var, ...]:
    """`torch.autograd.grad`: gradients of the outputs, weighted by `grad_outputs`, towards each input.

    An input that the outputs do not depend on gets zeros, as with `materialize_grads=True`.
    """
    outputs, inputs = ([value] if isinstance(value, jt.Var) else list(value) for value in (outputs, inputs))
    weights = [grad_outputs] if isinstance(grad_outputs, jt.Var) else grad_outputs or [None] * len(outputs)
    sums = [(value if weight is None else value * weight).sum() for value, weight in zip(outputs, weights, strict=True)]
    return tuple(jt.grad(sum(sums[1:], sums[0]), inputs))


def requires_grad_(x: jt.Var, requires_grad: bool = True) -> jt.Var:
    """x, from now on with or without gradient."""
    return x.start_grad() if requires_grad else x.stop_grad()


def detach_(x: jt.Var) -> jt.Var:
    """x, cut off from what it was computed from."""
    return x.assign(x.detach())


def data(x: jt.Var) -> jt.Var:
    """x itself, so that what is assigned into it reaches x. Where gradient has to stop, say `x.detach()`.

    Jittor's own attribute is a numpy array.
    """
    return x


def set_grad_enabled(mode: bool) -> Any:
    """A context in which gradients are, or are not, recorded."""
    return jt.enable_grad() if mode else jt.no_grad()


def is_grad_enabled() -> bool:
    """Whether gradients are recorded."""
    return not jt.flags.no_grad
