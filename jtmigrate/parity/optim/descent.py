"""Optimizers that scale the gradient itself."""

from collections.abc import Iterable, Mapping
from typing import Any

import jittor as jt

from jtmigrate.parity.functional.numerics import scalar
from jtmigrate.parity.optim.steps import Steps, as_groups

Parameters = Iterable[jt.Var] | Iterable[dict[str, Any]]


class SGD(Steps, jt.optim.SGD):
    """Gradient descent with momentum; the first gradient enters the momentum undamped, as in PyTorch.

    Momentum is in `param_groups[i]["values"]`.
    """

    _options = ("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize")
    _state = (("values", "momentum"),)

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ):
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(as_groups(params), lr, momentum, weight_decay, dampening, nesterov)
        self._prepare({"maximize": maximize})

    def _update(self, param: jt.Var, gradient: jt.Var, state: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        momentum = options["momentum"]
        if options["weight_decay"]:
            gradient = gradient + param * scalar(options["weight_decay"], param)
        if momentum:
            buffer = state["values"]
            if state["steps"] == 1:
                buffer.update(gradient)
            else:
                buffer.update(buffer * scalar(momentum, param) + gradient * scalar(1 - options["dampening"], param))
            gradient = gradient + buffer * scalar(momentum, param) if options["nesterov"] else buffer
        param.update(param - gradient * scalar(options["lr"], param))


class RMSprop(Steps, jt.optim.RMSprop):
    """Steps divided by a running root mean square of the gradients.

    Mean squares are in `param_groups[i]["values"]`, momentum in "momentum_buffers", mean gradients in "grad_avgs".
    """

    _options = ("lr", "alpha", "eps", "weight_decay", "momentum", "centered", "maximize")
    _state = (("values", ""), ("momentum_buffers", "momentum"), ("grad_avgs", "centered"))

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ):
        super().__init__(as_groups(params), lr, eps, alpha)
        options = {"weight_decay": weight_decay, "momentum": momentum, "centered": centered, "maximize": maximize}
        self._prepare(options)

    def _update(self, param: jt.Var, gradient: jt.Var, state: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        alpha, square = options["alpha"], state["values"]
        if options["weight_decay"]:
            gradient = gradient + param * scalar(options["weight_decay"], param)
        square.update(square * scalar(alpha, param) + gradient * gradient * scalar(1 - alpha, param))
        variance = square
        if options["centered"]:
            average = state["grad_avgs"]
            average.update(average * scalar(alpha, param) + gradient * scalar(1 - alpha, param))
            variance = square - average * average
        change = gradient / (jt.sqrt(variance) + scalar(options["eps"], param))
        if options["momentum"]:
            buffer = state["momentum_buffers"]
            buffer.update(buffer * scalar(options["momentum"], param) + change)
            change = buffer
        param.update(param - change * scalar(options["lr"], param))


class Adagrad(Steps, jt.optim.Optimizer):
    """Steps divided by the root of the sum of all squared gradients, which is in `param_groups[i]["values"]`."""

    _options = ("lr", "lr_decay", "weight_decay", "eps", "maximize")
    _state = (("values", ""),)

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ):
        super().__init__(as_groups(params), lr)
        self.initial_accumulator_value = initial_accumulator_value
        self._prepare({"lr_decay": lr_decay, "weight_decay": weight_decay, "eps": eps, "maximize": maximize})

    def _update(self, param: jt.Var, gradient: jt.Var, state: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        if options["weight_decay"]:
            gradient = gradient + param * scalar(options["weight_decay"], param)
        total, step = state["values"], state["steps"]
        start = self.initial_accumulator_value if step == 1 else 0
        total.update(total + gradient * gradient + scalar(start, param))
        rate = options["lr"] / (1 + (step - 1) * options["lr_decay"])
        param.update(param - gradient * scalar(rate, param) / (jt.sqrt(total) + scalar(options["eps"], param)))


class Adadelta(Steps, jt.optim.Optimizer):
    """Steps as large as recent steps (Zeiler, 2012, https://arxiv.org/abs/1212.5701).

    Mean squares of gradients are in `param_groups[i]["values"]`, those of steps in "deltas".
    """

    _options = ("lr", "rho", "eps", "weight_decay", "maximize")
    _state = (("values", ""), ("deltas", ""))

    def __init__(
        self,
        params: Parameters,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ):
        super().__init__(as_groups(params), lr)
        self._prepare({"rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize})

    def _update(self, param: jt.Var, gradient: jt.Var, state: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        if options["weight_decay"]:
            gradient = gradient + param * scalar(options["weight_decay"], param)
        keep, take, eps = (scalar(value, param) for value in (options["rho"], 1 - options["rho"], options["eps"]))
        square, deltas = state["values"], state["deltas"]
        square.update(square * keep + gradient * gradient * take)
        change = jt.sqrt(deltas + eps) / jt.sqrt(square + eps) * gradient
        deltas.update(deltas * keep + change * change * take)
        param.update(param - change * scalar(options["lr"], param))
