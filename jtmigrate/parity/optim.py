"""`torch.optim` in Jittor: the same steps from the same gradients, in float32 and float64.

They differ from stock Jittor in what differs from PyTorch: order and defaults of arguments, options that stock Jittor
lacks, constants that keep their precision in float64, and one step counted a step, however many calls of `backward` it
accumulates. One difference cannot be mended here: to a parameter that the loss does not depend on, Jittor gives a
gradient of 0 where PyTorch gives none, so that it is still decayed and its moments still fade. Freeze such a parameter
(`parameter.stop_grad()`): it is skipped then.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import jittor as jt

from jtmigrate.parity.functional import scalar

Betas = tuple[float, float]


class _Steps:
    """How all of them step.

    State stays where stock Jittor has it: `group["values"][i]`, and `group["m"][i]` for Adam. Beside it stands
    `group["steps"][i]`, the number of steps that parameter i has been through: PyTorch counts them for each.
    """

    _options: tuple[str, ...]
    _state: tuple[tuple[str, str], ...]
    """Key of a list in a group, and the option without which it is not needed, "" if it always is."""

    def _prepare(self, options: Mapping[str, Any]) -> None:
        for name, value in options.items():
            setattr(self, name, value)
        for group in self.param_groups:
            self._allocate(group)

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Step these parameters too; options that `group` does not hold are the optimizer's."""
        self._allocate(group)
        self.param_groups.append(group)

    def backward(self, loss: jt.Var, retain_graph: bool = False) -> None:
        """Add the gradients of `loss` to those of the calls since the last step."""
        steps = self.n_step
        super().backward(loss, retain_graph)
        self.n_step = steps

    def step(self, loss: jt.Var | None = None, retain_graph: bool = False) -> None:
        """Update every parameter from the gradients of the last `backward`, or of `loss` if it is given."""
        self.pre_step(loss, retain_graph)
        self.n_step += 1
        for group in self.param_groups:
            self._allocate(group)
            options = self.options(group)
            for index, (param, gradient) in enumerate(zip(group["params"], group["grads"], strict=True)):
                if not param.is_stop_grad():
                    group["steps"][index] += 1
                    state = {key: group[key][index] for key in ("steps", *dict(self._state)) if key in group}
                    self._update(param, -gradient if options["maximize"] else gradient, state, options)
        self.post_step()

    def options(self, group: Mapping[str, Any]) -> dict[str, Any]:
        """What holds for the parameters of a group: its own options, else the optimizer's."""
        return {name: group.get(name, getattr(self, name)) for name in self._options}

    def _allocate(self, group: dict[str, Any]) -> None:
        group["params"] = list(group["params"])
        group.setdefault("steps", [0] * len(group["params"]))
        options = self.options(group)
        for key, option in self._state:
            if key not in group and (not option or options[option]):
                group[key] = [jt.zeros(param.shape, param.dtype).stop_grad() for param in group["params"]]


class _Adam(_Steps):
    _options = ("lr", "betas", "eps", "weight_decay", "amsgrad", "maximize")
    _state = (("m", ""), ("values", ""), ("max_values", "amsgrad"))
    _decoupled = False

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
        params: Iterable[jt.Var] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ):
        super().__init__(_groups(params), lr, eps, betas, weight_decay)
        self._prepare({"amsgrad": amsgrad, "maximize": maximize})


class Adam(_Adam, jt.optim.Adam):
    """Adam (Kingma & Ba, 2015, https://arxiv.org/abs/1412.6980); `eps` is added after the bias correction.

    First moments are in `param_groups[i]["m"]`, second ones in `param_groups[i]["values"]`.
    """

    def __init__(
        self,
        params: Iterable[jt.Var] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ):
        super().__init__(_groups(params), lr, eps, betas, weight_decay)
        self._prepare({"amsgrad": amsgrad, "maximize": maximize})


class SGD(_Steps, jt.optim.SGD):
    """Gradient descent with momentum; the first gradient enters the momentum undamped, as in PyTorch.

    Momentum is in `param_groups[i]["values"]`.
    """

    _options = ("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize")
    _state = (("values", "momentum"),)

    def __init__(
        self,
        params: Iterable[jt.Var] | Iterable[dict[str, Any]],
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
        super().__init__(_groups(params), lr, momentum, weight_decay, dampening, nesterov)
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


class RMSprop(_Steps, jt.optim.RMSprop):
    """Steps divided by a running root mean square of the gradients.

    Mean squares are in `param_groups[i]["values"]`, momentum in "momentum_buffers", mean gradients in "grad_avgs".
    """

    _options = ("lr", "alpha", "eps", "weight_decay", "momentum", "centered", "maximize")
    _state = (("values", ""), ("momentum_buffers", "momentum"), ("grad_avgs", "centered"))

    def __init__(
        self,
        params: Iterable[jt.Var] | Iterable[dict[str, Any]],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ):
        super().__init__(_groups(params), lr, eps, alpha)
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


def _groups(params: Iterable[Any]) -> list[Any]:
    """A list of parameters, or of groups that hold lists: Jittor takes no iterators."""
    return [{**group, "params": list(group["params"])} if isinstance(group, dict) else group for group in params]


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
