"""`torch.optim.lr_scheduler` in Jittor: the same rates after the same calls.

A scheduler sets `group["lr"]` of every parameter group, once when it is made and then at each `step()`. Stock Jittor's
set nothing at first and so lag one epoch behind, and they leave out groups without a rate of their own.
"""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jittor as jt

Optimizer = jt.optim.Optimizer
Factor = Callable[[int], float]


def rates(optimizer: Optimizer) -> list[float]:
    """The rate of each group."""
    return [group.get("lr", optimizer.lr) for group in optimizer.param_groups]


def _set_rates(optimizer: Optimizer, values: Iterable[float]) -> None:
    for group, value in zip(optimizer.param_groups, values, strict=True):
        group["lr"] = value
    optimizer.lr = optimizer.param_groups[0]["lr"]


class LRScheduler:
    """Sets rates by the number of steps taken: `last_epoch`, 0 when it is made.

    A subclass says in `get_lr` what the rates become. `last_epoch` can be given to go on where training stopped: the
    groups need their "initial_lr" then.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1):
        for group, rate in zip(optimizer.param_groups, rates(optimizer), strict=True):
            if last_epoch == -1:
                group.setdefault("initial_lr", rate)
            elif "initial_lr" not in group:
                raise KeyError("a scheduler that goes on from last_epoch needs 'initial_lr' in every parameter group")
        self.optimizer = optimizer
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self.step()

    def get_lr(self) -> list[float]:
        """Rates at `last_epoch`, from the present ones."""
        raise NotImplementedError

    def step(self) -> None:
        """Go on by one."""
        self.last_epoch += 1
        _set_rates(self.optimizer, self.get_lr())

    def get_last_lr(self) -> list[float]:
        """The rates in force."""
        return rates(self.optimizer)

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs; functions are left out. The rates themselves are the optimizer's."""
        return {
            name: value for name, value in vars(self).items() if name != "optimizer" and not _holds_functions(value)
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        vars(self).update(state)

    def _times(self, factor: float) -> list[float]:
        return [rate * factor for rate in rates(self.optimizer)]


def _holds_functions(value: Any) -> bool:
    return any(callable(one) for one in (value if isinstance(value, list) else [value]))


def _each(functions: "Factor | Sequence[Factor]", optimizer: Optimizer) -> list[Factor]:
    return [functions] * len(optimizer.param_groups) if callable(functions) else list(functions)


class LambdaLR(LRScheduler):
    """Initial rates times a function of the epoch, one for all groups or one for each."""

    def __init__(self, optimizer: Optimizer, lr_lambda: "Factor | Sequence[Factor]", last_epoch: int = -1):
        self.lr_lambdas = _each(lr_lambda, optimizer)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [base * factor(self.last_epoch) for base, factor in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class MultiplicativeLR(LRScheduler):
    """Present rates times a function of the epoch, one for all groups or one for each."""

    def __init__(self, optimizer: Optimizer, lr_lambda: "Factor | Sequence[Factor]", last_epoch: int = -1):
        self.lr_lambdas = _each(lr_lambda, optimizer)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        present = rates(self.optimizer)
        if self.last_epoch == 0:
            return present
        return [rate * factor(self.last_epoch) for rate, factor in zip(present, self.lr_lambdas, strict=True)]


class StepLR(LRScheduler):
    """Times `gamma` every `step_size` epochs."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1):
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return self._times(self.gamma if self.last_epoch and self.last_epoch % self.step_size == 0 else 1)


class MultiStepLR(LRScheduler):
    """Times `gamma` at each milestone."""

    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1):
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return self._times(self.gamma ** self.milestones[self.last_epoch])


class ConstantLR(LRScheduler):
    """Times `factor` until `total_iters`."""

    def __init__(self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1):
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return self._times({0: self.factor, self.total_iters: 1 / self.factor}.get(self.last_epoch, 1))


class LinearLR(LRScheduler):
    """From `start_factor` to `end_factor` in `total_iters` equal steps."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ):
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch == 0:
            return self._times(self.start_factor)
        if self.last_epoch > self.total_iters:
            return rates(self.optimizer)
        rise = self.end_factor - self.start_factor
        return self._times(1 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise))


class ExponentialLR(LRScheduler):
    """Times `gamma` every epoch."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1):
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return self._times(self.gamma if self.last_epoch else 1)


class PolynomialLR(LRScheduler):
    """(1 - epoch / total_iters) ** power times the initial rates."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1):
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if not 0 < self.last_epoch <= self.total_iters:
            return rates(self.optimizer)
        left = self.total_iters - self.last_epoch
        return self._times((left / (left + 1)) ** self.power)


class CosineAnnealingLR(LRScheduler):
    """Half a cosine from the initial rates to `eta_min` in `T_max` epochs, and back again."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1):
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        present = rates(self.optimizer)
        if self.last_epoch == 0:
            return present
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return [rate + (base - self.eta_min) * rise for rate, base in zip(present, self.base_lrs, strict=True)]
        height = [1 + math.cos(math.pi * epoch / self.T_max) for epoch in (self.last_epoch, self.last_epoch - 1)]
        return [height[0] / height[1] * (rate - self.eta_min) + self.eta_min for rate in present]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half a cosine from the initial rates to `eta_min`, over and over, each `T_mult` times as long as the last."""

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ):
        self.T_0 = self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        height = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * height for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go on by one, or to an epoch that may be a fraction."""
        epoch = self.last_epoch + 1 if epoch is None else epoch
        self.T_cur, self.T_i = epoch, self.T_0
        while self.T_cur >= self.T_i:
            self.T_cur -= self.T_i
            self.T_i *= self.T_mult
        self.last_epoch = math.floor(epoch)
        _set_rates(self.optimizer, self.get_lr())


class OneCycleLR(LRScheduler):
    """Up from max_lr / div_factor to max_lr in the first `pct_start` of all steps, then down to almost nothing.

    Momentum, `betas[0]` of Adam, moves the other way unless `cycle_momentum` is False.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: "float | list[float]",
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ):
        self.total_steps = epochs * steps_per_epoch if total_steps is None else total_steps
        self.linear = anneal_strategy == "linear"
        self.cycle_momentum = cycle_momentum
        count = len(optimizer.param_groups)
        self.max_lrs = list(max_lr) if isinstance(max_lr, list | tuple) else [max_lr] * count
        rise = pct_start * self.total_steps - 1
        fall = 2 * rise if three_phase else self.total_steps - 1
        # End of each phase, and the factors of max_lr and the momenta between which it moves.
        start, least = 1 / div_factor, 1 / div_factor / final_div_factor
        self.phases = [(rise, start, 1.0, max_momentum, base_momentum)]
        self.phases.append((fall, 1.0, start if three_phase else least, base_momentum, max_momentum))
        if three_phase:
            self.phases.append((self.total_steps - 1, start, least, max_momentum, max_momentum))
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, self.max_lrs, strict=True):
                group["initial_lr"] = rate * start
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch > self.total_steps:
            raise ValueError(f"OneCycleLR: step {self.last_epoch} of {self.total_steps}")
        at = min(bisect_left([phase[0] for phase in self.phases], self.last_epoch), len(self.phases) - 1)
        begin = self.phases[at - 1][0] if at else 0.0
        end, *factors = self.phases[at]
        done = (self.last_epoch - begin) / (end - begin)
        if self.cycle_momentum:
            self._set_momentum(self._between(factors[2], factors[3], done))
        return [self._between(factors[0] * rate, factors[1] * rate, done) for rate in self.max_lrs]

    def _between(self, start: float, end: float, done: float) -> float:
        if self.linear:
            return (end - start) * done + start
        return end + (start - end) / 2 * (1 + math.cos(math.pi * done))

    def _set_momentum(self, momentum: float) -> None:
        for group in self.optimizer.param_groups:
            if hasattr(self.optimizer, "betas"):
                group["betas"] = (momentum, *group.get("betas", self.optimizer.betas)[1:])
            else:
                group["momentum"] = momentum


class SequentialLR(LRScheduler):
    """One scheduler after the other; each milestone starts the next one from its beginning."""

    def __init__(
        self, optimizer: Optimizer, schedulers: "list[LRScheduler]", milestones: list[int], last_epoch: int = -1
    ):
        self.optimizer = optimizer
        self.schedulers = schedulers
        self.milestones = milestones
        self.last_epoch = last_epoch + 1
        # Each of them has set rates when it was made: undo that, and let the first one begin again.
        _set_rates(optimizer, [group["initial_lr"] for group in optimizer.param_groups])
        for scheduler in schedulers:
            scheduler.last_epoch -= 1
        schedulers[0].step()

    def step(self) -> None:
        """Go on by one."""
        self.last_epoch += 1
        at = bisect_right(self.milestones, self.last_epoch)
        scheduler = self.schedulers[at]
        if at and self.milestones[at - 1] == self.last_epoch:
            _restart(scheduler)
        else:
            scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        """With a state for each scheduler."""
        return {"last_epoch": self.last_epoch, "schedulers": [scheduler.state_dict() for scheduler in self.schedulers]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.last_epoch = state["last_epoch"]
        for scheduler, own in zip(self.schedulers, state["schedulers"], strict=True):
            scheduler.load_state_dict(own)


def _restart(scheduler: LRScheduler) -> None:
    _set_rates(scheduler.optimizer, scheduler.base_lrs)
    scheduler.last_epoch = -1
    scheduler.step()


class ChainedScheduler:
    """Several schedulers that step together, each on the rates that the one before has set."""

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None):
        self.schedulers = list(schedulers)
        self.optimizer = optimizer or schedulers[0].optimizer

    def step(self) -> None:
        """Go on by one."""
        for scheduler in self.schedulers:
            scheduler.step()

    def get_last_lr(self) -> list[float]:
        """The rates in force."""
        return rates(self.optimizer)

    def state_dict(self) -> dict[str, Any]:
        """A state for each scheduler."""
        return {"schedulers": [scheduler.state_dict() for scheduler in self.schedulers]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        for scheduler, own in zip(self.schedulers, state["schedulers"], strict=True):
            scheduler.load_state_dict(own)


class ReduceLROnPlateau:
    """Times `factor` when a metric has not become better for more than `patience` epochs."""

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: "float | list[float]" = 0,
        eps: float = 1e-8,
    ):
        self.optimizer = optimizer
        self.sign = {"min": 1, "max": -1}[mode]
        self.relative = {"rel": True, "abs": False}[threshold_mode]
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.cooldown = cooldown
        self.min_lrs = min_lr if isinstance(min_lr, list) else [min_lr] * len(optimizer.param_groups)
        self.eps = eps
        self.best = math.inf * self.sign
        self.num_bad_epochs = 0
        self.cooldown_counter = 0
        self.last_epoch = 0
        _set_rates(optimizer, rates(optimizer))

    def step(self, metrics: "float | jt.Var") -> None:
        """Look at the metric of one more epoch."""
        self.last_epoch += 1
        current = float(metrics.item() if isinstance(metrics, jt.Var) else metrics)
        if self._is_better(current):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            present = rates(self.optimizer)
            lower = [max(rate * self.factor, least) for rate, least in zip(present, self.min_lrs, strict=True)]
            changed = [new if old - new > self.eps else old for old, new in zip(present, lower, strict=True)]
            _set_rates(self.optimizer, changed)
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0

    def get_last_lr(self) -> list[float]:
        """The rates in force."""
        return rates(self.optimizer)

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs."""
        return {name: value for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        vars(self).update(state)

    def _is_better(self, current: float) -> bool:
        if self.relative:
            return current * self.sign < self.best * self.sign * (1 - self.sign * self.threshold)
        return current * self.sign < self.best * self.sign - self.threshold
