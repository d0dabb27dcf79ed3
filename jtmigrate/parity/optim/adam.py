"""Adam and its relatives."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import mul
from typing import Any

import jittor as jt
import numpy as np

from jtmigrate.parity import kernels
from jtmigrate.parity.functional.numerics import scalar
from jtmigrate.parity.kernels import many
from jtmigrate.parity.optim.steps import Steps, Update, as_groups

Betas = tuple[float, float]
Parameters = Iterable[jt.Var] | Iterable[dict[str, Any]]


class _Adam(Steps):
    _options = ("lr", "betas", "eps", "weight_decay", "amsgrad", "maximize")
    _state = (("m", ""), ("values", ""), ("max_values", "amsgrad"))
    _decoupled = False

    def _update_all(self, updates: Sequence[Update], options: Mapping[str, Any]) -> None:
        if options["amsgrad"] or not all(kernels.apply_to(update.param, update.gradient) for update in updates):
            super()._update_all(updates, options)
            return
        lr, (beta1, beta2), decay = options["lr"], options["betas"], options["weight_decay"]
        by_steps = defaultdict(list)
        for param, gradient, state in updates:
            by_steps[state["steps"]].append((param, gradient, state["m"], state["values"]))
        for steps, tensors in by_steps.items():
            many.adam(
                tensors, beta1=beta1, new1=1 - beta1, beta2=beta2, new2=1 - beta2, eps=options["eps"],
                kept=1 - lr * decay if self._decoupled else 1, decay=0 if self._decoupled else decay,
                rate=lr / (1 - beta1**steps), root=math.sqrt(1 - beta2**steps),
            )  # fmt: skip

    def _update(self, param: jt.Var, gradient: jt.Var, state: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        lr, (beta1, beta2), decay = options["lr"], options["betas"], options["weight_decay"]
        start, average, square = param, state["m"], state["values"]
        if decay and self._decoupled:
            start = param * scalar(1 - lr * decay, param)
        elif decay:
            gradient = gradient + param * scalar(decay, param)
        average.update(average * scalar(beta1, param) + gradient * scalar(1 - beta1, param))
        square.update(square * scalar(beta2, param) + gradient * gradient * scalar(1 - beta2, param))
        if options["amsgrad"]:
            largest = state["max_values"]
            largest.update(jt.maximum(largest, square))
            square = largest
        root_correction = math.sqrt(1 - beta2 ** state["steps"])
        denominator = jt.sqrt(square) / scalar(root_correction, param) + scalar(options["eps"], param)
        param.update(start - average * scalar(lr / (1 - beta1 ** state["steps"]), param) / denominator)


class AdamW(_Adam, jt.optim.AdamW):
    """Adam with decoupled weight decay (Loshchilov & Hutter, 2019, https://arxiv.org/abs/1711.05101).

    First moments are in `param_groups[i]["m"]`, second ones in `param_groups[i]["values"]`.
    """

    _decoupled = True

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ):
        super().__init__(as_groups(params), lr, eps, betas, weight_decay)
        self._prepare({"amsgrad": amsgrad, "maximize": maximize})


class Adam(_Adam, jt.optim.Adam):
    """Adam (Kingma & Ba, 2015, https://arxiv.org/abs/1412.6980); `eps` is added after the bias correction.

    First moments are in `param_groups[i]["m"]`, second ones in `param_groups[i]["values"]`.
    """

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ):
        super().__init__(as_groups(params), lr, eps, betas, weight_decay)
        self._prepare({"amsgrad": amsgrad, "maximize": maximize})


class Adamax(Steps, jt.optim.Optimizer):
    """Adam with the largest gradient in place of the second moment (same paper).

    First moments are in `param_groups[i]["m"]`, largest gradients in `param_groups[i]["values"]`.
    """

    _options = ("lr", "betas", "eps", "weight_decay", "maximize")
    _state = (("m", ""), ("values", ""))

    def __init__(
        self,
        params: Parameters,
        lr: float = 2e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ):
        super().__init__(as_groups(params), lr)
        self._prepare({"betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize})

    def _update(self, param: jt.Var, gradient: jt.Var, state: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        beta1, beta2 = options["betas"]
        if options["weight_decay"]:
            gradient = gradient + param * scalar(options["weight_decay"], param)
        average, largest = state["m"], state["values"]
        average.update(average * scalar(beta1, param) + gradient * scalar(1 - beta1, param))
        size = jt.abs(gradient) + scalar(options["eps"], param)
        largest.update(jt.maximum(largest * scalar(beta2, param), size))
        rate = options["lr"] / (1 - beta1 ** state["steps"])
        param.update(param - average * scalar(rate, param) / largest)


class NAdam(Steps, jt.optim.Optimizer):
    """Adam with Nesterov's momentum (Dozat, 2016, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ).

    First moments are in `param_groups[i]["m"]`, second ones in `param_groups[i]["values"]`.
    """

    _options = ("lr", "betas", "eps", "weight_decay", "momentum_decay", "decoupled_weight_decay", "maximize")
    _state = (("m", ""), ("values", ""))

    def __init__(
        self,
        params: Parameters,
        lr: float = 2e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ):
        super().__init__(as_groups(params), lr)
        options = {"betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay}
        self._prepare({**options, "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize})

    def _update(self, param: jt.Var, gradient: jt.Var, state: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        lr, (beta1, beta2), step = options["lr"], options["betas"], state["steps"]
        start, gradient = _decayed(param, gradient, options)
        average, square = state["m"], state["values"]
        _remember(average, square, gradient, options["betas"])
        momenta = [beta1 * (1 - 0.5 * 0.96 ** (at * options["momentum_decay"])) for at in range(1, step + 2)]
        # PyTorch keeps this product in float32, whatever the precision of the parameters.
        past = float(reduce(mul, map(np.float32, momenta[:-1])))
        root = jt.sqrt(square / scalar(1 - beta2**step, param)) + scalar(options["eps"], param)
        now = gradient * scalar(lr * (1 - momenta[-2]) / (1 - past), param)
        ahead = average * scalar(lr * momenta[-1] / (1 - past * momenta[-1]), param)
        param.update(start - (now + ahead) / root)


class RAdam(Steps, jt.optim.Optimizer):
    """Adam that trusts the second moment only when it is known well (Liu et al., 2019, https://arxiv.org/abs/1908.03265).

    First moments are in `param_groups[i]["m"]`, second ones in `param_groups[i]["values"]`.
    """

    _options = ("lr", "betas", "eps", "weight_decay", "decoupled_weight_decay", "maximize")
    _state = (("m", ""), ("values", ""))

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ):
        super().__init__(as_groups(params), lr)
        options = {"betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        self._prepare({**options, "decoupled_weight_decay": decoupled_weight_decay})

    def _update(self, param: jt.Var, gradient: jt.Var, state: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        lr, (beta1, beta2), step = options["lr"], options["betas"], state["steps"]
        start, gradient = _decayed(param, gradient, options)
        average, square = state["m"], state["values"]
        _remember(average, square, gradient, options["betas"])
        change = average * scalar(lr / (1 - beta1**step), param)
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * step * beta2**step / (1 - beta2**step)
        if length > 5:
            trust = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            root = jt.sqrt(square) + scalar(options["eps"], param)
            change = change * scalar(math.sqrt(trust * (1 - beta2**step)), param) / root
        param.update(start - change)


def _decayed(param: jt.Var, gradient: jt.Var, options: Mapping[str, Any]) -> tuple[jt.Var, jt.Var]:
    """Parameter and gradient after weight decay, which shrinks the one or adds to the other."""
    decay = options["weight_decay"]
    if decay and options["decoupled_weight_decay"]:
        return param * scalar(1 - options["lr"] * decay, param), gradient
    return param, gradient + param * scalar(decay, param) if decay else gradient


def _remember(average: jt.Var, square: jt.Var, gradient: jt.Var, betas: Betas) -> None:
    """Take a gradient into the running moments."""
    beta1, beta2 = betas
    average.update(average * scalar(beta1, average) + gradient * scalar(1 - beta1, average))
    square.update(square * scalar(beta2, average) + gradient * gradient * scalar(1 - beta2, average))
