"""Schedulers of `jtmigrate.parity.optim` against PyTorch's: the same rates to a relative 1e-12."""

import inspect
from collections.abc import Callable
from typing import Any

import jittor as jt
import pytest
import torch

from jtmigrate.parity import optim

EPOCHS = 30
STEPS = {
    "StepLR": ({"step_size": 1}, {"step_size": 3, "gamma": 0.5}),
    "MultiStepLR": ({"milestones": [2, 4, 4, 20]}, {"milestones": (1, 7), "gamma": 0.3}),
    "ExponentialLR": ({"gamma": 0.9},),
    "PolynomialLR": ({}, {"total_iters": 20, "power": 0.9}),
    "LinearLR": ({}, {"start_factor": 0.01, "end_factor": 0.5, "total_iters": 11}),
    "ConstantLR": ({}, {"factor": 0.1, "total_iters": 3}),
    "CosineAnnealingLR": ({"T_max": 30}, {"T_max": 7, "eta_min": 0.01}),
    "CosineAnnealingWarmRestarts": ({"T_0": 5}, {"T_0": 3, "T_mult": 2, "eta_min": 0.01}),
    "LambdaLR": ({"lr_lambda": lambda epoch: 0.95**epoch}, {"lr_lambda": [lambda epoch: 1 / (epoch + 1)] * 2}),
    "MultiplicativeLR": ({"lr_lambda": lambda epoch: 0.9},),
    "OneCycleLR": (
        {"max_lr": 0.4, "total_steps": 40},
        {"max_lr": [0.4, 0.1], "epochs": 4, "steps_per_epoch": 8, "anneal_strategy": "linear", "pct_start": 0.4},
        {"max_lr": 0.4, "total_steps": 31, "three_phase": True, "div_factor": 10},
    ),
    "ReduceLROnPlateau": (
        {"patience": 2},
        {"mode": "max", "threshold_mode": "abs", "threshold": 0.3, "patience": 1, "cooldown": 2, "min_lr": 0.01},
    ),
}
CASES = [
    pytest.param(name, options, id=f"{name}-{at}")
    for name, several in STEPS.items()
    for at, options in enumerate(several)
]


def both(kind: str = "SGD", **options: Any) -> tuple[torch.optim.Optimizer, jt.optim.Optimizer]:
    """An optimizer in each framework with two groups, one of which has no rate of its own."""
    groups = [
        [{"params": [make([1.0])]}, {"params": [make([1.0])], "lr": 0.05}]
        for make in (lambda value: torch.nn.Parameter(torch.tensor(value)), jt.array)
    ]
    return tuple(
        getattr(module, kind)(group, lr=0.2, **options)
        for module, group in zip((torch.optim, optim), groups, strict=True)
    )


def compare(
    optimizers: tuple,
    make: Callable[[Any, Any], Any],
    step: Callable[[Any, int], None] = lambda scheduler, _: scheduler.step(),
) -> None:
    """The rates of both from the start on, then after every step."""
    pair = [make(module, optimizer) for module, optimizer in zip((torch.optim, optim), optimizers, strict=True)]
    for epoch in range(EPOCHS):
        expected, found = ([group["lr"] for group in optimizer.param_groups] for optimizer in optimizers)
        assert found == pytest.approx(expected, rel=1e-12), f"epoch {epoch}"
        assert pair[1].get_last_lr() == found
        for optimizer, scheduler in zip(optimizers, pair, strict=True):
            optimizer.step() if optimizer is optimizers[0] else None
            step(scheduler, epoch)


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.filterwarnings("ignore")
def test_rates_are_those_of_pytorch(name: str, options: dict[str, Any]) -> None:
    def step(scheduler: Any, epoch: int) -> None:
        scheduler.step(*([1 / (1 + epoch % 9)] if name == "ReduceLROnPlateau" else []))

    compare(
        both(momentum=0.9), lambda module, optimizer: getattr(module.lr_scheduler, name)(optimizer, **options), step
    )


@pytest.mark.filterwarnings("ignore")
def test_one_after_the_other() -> None:
    def make(module: Any, optimizer: Any) -> Any:
        schedulers = module.lr_scheduler
        parts = [schedulers.LinearLR(optimizer, 0.1, total_iters=4), schedulers.CosineAnnealingLR(optimizer, 12),
                 schedulers.StepLR(optimizer, 3)]  # fmt: skip
        return schedulers.SequentialLR(optimizer, parts, [4, 16])

    compare(both(), make)


def test_together() -> None:
    def make(module: Any, optimizer: Any) -> Any:
        schedulers = module.lr_scheduler
        return schedulers.ChainedScheduler(
            [schedulers.ConstantLR(optimizer, 0.1), schedulers.ExponentialLR(optimizer, 0.9)]
        )

    compare(both(), make)


def test_own_scheduler() -> None:
    def make(module: Any, optimizer: Any) -> Any:
        class Halving(module.lr_scheduler.LRScheduler):
            def get_lr(self) -> list[float]:
                return [base / 2**self.last_epoch for base in self.base_lrs]

        return Halving(optimizer)

    compare(both(), make)


@pytest.mark.parametrize("three_phase", [False, True])
def test_momentum_moves_against_the_rate(three_phase: bool) -> None:
    optimizers = both("Adam", betas=(0.9, 0.99))
    pair = [
        module.lr_scheduler.OneCycleLR(optimizer, 0.4, 12, three_phase=three_phase)
        for module, optimizer in zip((torch.optim, optim), optimizers, strict=True)
    ]
    for _ in range(11):
        expected, found = (optimizer.param_groups[1]["betas"] for optimizer in optimizers)
        assert found == pytest.approx(expected, rel=1e-12)
        optimizers[0].step()
        for scheduler in pair:
            scheduler.step()


@pytest.mark.parametrize(("name", "options"), CASES)
def test_goes_on_from_its_state(name: str, options: dict[str, Any]) -> None:
    """The rates themselves are in the optimizer's state, as in PyTorch."""

    def make() -> tuple[Any, Any]:
        optimizer = both(momentum=0.9)[1]
        return optimizer, getattr(optim.lr_scheduler, name)(optimizer, **options)

    def go_on(scheduler: Any, epochs: range) -> list[list[float]]:
        seen = []
        for epoch in epochs:
            scheduler.step(*([1 / (1 + epoch % 9)] if name == "ReduceLROnPlateau" else []))
            seen.append(scheduler.get_last_lr())
        return seen

    _, whole = make()
    expected = go_on(whole, range(20))
    optimizer, first = make()
    go_on(first, range(9))
    resumed_optimizer, resumed = make()
    for group, own in zip(resumed_optimizer.param_groups, optimizer.param_groups, strict=True):
        group["lr"] = own["lr"]
    resumed.load_state_dict(first.state_dict())
    assert go_on(resumed, range(9, 20)) == expected[9:]


def test_too_many_steps_of_one_cycle() -> None:
    scheduler = optim.lr_scheduler.OneCycleLR(both(momentum=0.9)[1], 0.4, 2)
    scheduler.step()
    scheduler.step()
    with pytest.raises(ValueError, match="step 3 of 2"):
        scheduler.step()


def test_going_on_needs_the_initial_rates() -> None:
    with pytest.raises(KeyError, match="initial_lr"):
        optim.lr_scheduler.StepLR(both()[1], 3, last_epoch=5)


@pytest.mark.parametrize("name", STEPS)
def test_arguments_are_pytorchs(name: str) -> None:
    ours, theirs = (
        [(one.name, one.default) for one in inspect.signature(getattr(module.lr_scheduler, name)).parameters.values()]
        for module in (optim, torch.optim)
    )
    assert ours == theirs
