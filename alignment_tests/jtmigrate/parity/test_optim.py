"""The optimizer steps of `jtmigrate.parity.optim` against PyTorch's.

Tolerances are in terms of a tensor's maximum: some roundings a step, and 1e-6 of the gradient clipping's own float32.
"""

import inspect
from collections.abc import Callable
from typing import Any

import jittor as jt
import numpy as np
import pytest
import torch

from jtmigrate.parity import optim
from jtmigrate.parity.optim import AdamW, clip_grad_norm

START = np.random.RandomState(0).standard_normal((4, 5))
DIRECTIONS = np.random.RandomState(1).standard_normal((4, 4, 5))
LIMITS = {"float32": 1e-6, "float64": 1e-13}

SWITCHES = {
    "AdamW": ({}, {"amsgrad": True}, {"maximize": True}),
    "Adam": ({}, {"weight_decay": 0.1, "amsgrad": True}, {"maximize": True}),
    "SGD": (
        {},
        {"weight_decay": 0.1, "maximize": True},
        {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
        {"momentum": 0.9, "nesterov": True},
    ),
    "Adagrad": ({}, {"weight_decay": 0.1, "maximize": True}, {"lr_decay": 0.2, "initial_accumulator_value": 0.3}),
    "Adadelta": ({}, {"weight_decay": 0.1, "maximize": True}),
    "Adamax": ({}, {"weight_decay": 0.1, "maximize": True}),
    "NAdam": ({}, {"weight_decay": 0.1}, {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    "RAdam": ({}, {"weight_decay": 0.1}, {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    "RMSprop": ({}, {"weight_decay": 0.1, "maximize": True}, {"momentum": 0.9}, {"centered": True, "momentum": 0.9}),
}


def numbers(kind: str, seed: int) -> dict[str, Any]:
    """Random values, far from the defaults, of the options that are numbers; 0 switches a term off and stays."""
    random = np.random.RandomState(seed)
    adam = {"betas": (random.uniform(0, 0.99), random.uniform(0.5, 0.999)), "weight_decay": random.uniform(0, 0.5)}
    others = {"RMSprop": {"alpha": random.uniform(0.1, 0.999)}, "Adadelta": {"rho": random.uniform(0.1, 0.999)}}
    moments = ("Adam", "AdamW", "Adamax", "NAdam", "RAdam")
    own = adam if kind in moments else others.get(kind, {})
    eps = {} if kind == "SGD" else {"eps": 10 ** random.uniform(-8, -1)}
    return {"lr": 10 ** random.uniform(-4, -1), **own, **eps}


def both(kind: str, options: dict[str, Any], dtype: str) -> tuple:
    """One parameter and its optimizer, in each framework."""
    weight = torch.nn.Parameter(torch.from_numpy(START.astype(dtype)))
    variable = jt.array(START.astype(dtype))
    return (
        (weight, getattr(torch.optim, kind)([weight], **options)),
        (variable, getattr(optim, kind)([variable], **options)),
    )


def compare(
    kind: str, options: dict[str, Any], dtype: str, step: Callable[[tuple, tuple, np.ndarray], None]
) -> tuple[np.ndarray, np.ndarray]:
    """The parameter after a step for each direction: of the port, and of the original."""
    with jt.flag_scope(auto_convert_64_to_32=0):
        original, port = both(kind, options, dtype)
        for direction in DIRECTIONS.astype(dtype):
            step(original, port, direction)
        return port[0].numpy(), original[0].detach().numpy()


def plain_step(original: tuple, port: tuple, direction: np.ndarray) -> None:
    original[0].grad = torch.from_numpy(direction.copy())
    original[1].step()
    port[1].step((port[0] * jt.array(direction)).sum())


def assert_close(found: np.ndarray, expected: np.ndarray, limit: float) -> None:
    assert found.dtype == expected.dtype
    assert np.abs(found - expected).max() <= limit * np.abs(expected).max()


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize(("kind", "switches"), [(kind, s) for kind, several in SWITCHES.items() for s in several])
def test_steps(kind: str, switches: dict[str, Any], dtype: str) -> None:
    for options in (switches, *({**numbers(kind, seed), **switches} for seed in range(4))):
        found, expected = compare(kind, options, dtype, plain_step)
        assert_close(found, expected, LIMITS[dtype])


@pytest.mark.parametrize("kind", SWITCHES)
def test_accumulated_gradients_are_one_step(kind: str) -> None:
    """Stock Jittor counts calls of `backward`, and so corrects Adam's bias for twice as many steps."""

    def step(original: tuple, port: tuple, direction: np.ndarray) -> None:
        original[0].grad = torch.from_numpy(direction + 1)
        original[1].step()
        port[1].backward((port[0] * jt.array(direction)).sum())
        port[1].backward(port[0].sum())
        port[1].step()

    found, expected = compare(kind, {"lr": 0.01}, "float64", step)
    assert_close(found, expected, LIMITS["float64"])


@pytest.mark.parametrize("kind", SWITCHES)
def test_a_frozen_parameter_stays_and_starts_from_nothing_when_thawed(kind: str) -> None:
    """A parameter without gradient in PyTorch: neither decayed nor counted."""
    options = {"lr": 0.01, "weight_decay": 0.1, **({"momentum": 0.9, "dampening": 0.5} if kind == "SGD" else {})}
    with jt.flag_scope(auto_convert_64_to_32=0):
        weights = [torch.nn.Parameter(torch.from_numpy(START.copy())) for _ in range(2)]
        variables = [jt.array(START), jt.array(START)]
        original, port = getattr(torch.optim, kind)(weights, **options), getattr(optim, kind)(variables, **options)
        variables[1].stop_grad()
        for number, direction in enumerate(DIRECTIONS):
            if number == 2:
                assert np.array_equal(variables[1].numpy(), START)
                variables[1].start_grad()
            for weight in weights if number >= 2 else weights[:1]:
                weight.grad = torch.from_numpy(direction.copy())
            original.step()
            port.step(((variables[0] + variables[1]) * jt.array(direction)).sum())
        for variable, weight in zip(variables, weights, strict=True):
            assert_close(variable.numpy(), weight.detach().numpy(), LIMITS["float64"])


@pytest.mark.parametrize("kind", SWITCHES)
def test_arguments_are_pytorchs(kind: str) -> None:
    """Names, order and defaults of all that can be given by position; what PyTorch has for speed only is left out."""

    def arguments(cls: type) -> dict[str, Any]:
        for_speed = ("foreach", "capturable", "differentiable", "fused", "decoupled_weight_decay")
        parameters = inspect.signature(cls).parameters.values()
        return {parameter.name: parameter.default for parameter in parameters if parameter.name not in for_speed}

    assert list(arguments(getattr(optim, kind)).items()) == list(arguments(getattr(torch.optim, kind)).items())


def test_parameters_may_come_from_an_iterator_and_in_groups() -> None:
    variables = [jt.array(START), jt.array(START)]
    port = AdamW(iter([{"params": iter(variables[:1])}, {"params": variables[1:], "lr": 0.0}]))
    port.step((variables[0] + variables[1]).sum())
    assert not np.array_equal(variables[0].numpy(), variables[1].numpy())
    assert np.array_equal(variables[1].numpy(), START.astype(np.float32))


def test_a_group_added_later() -> None:
    first, second = jt.array(START), jt.array(START)
    port = optim.SGD([first], momentum=0.9)
    port.step(first.sum())
    port.add_param_group({"params": [second], "weight_decay": 0.5})
    port.step((first + second).sum())
    np.testing.assert_allclose(second.numpy(), START - 1e-3 * (1 + 0.5 * START), rtol=1e-6)
    assert port.param_groups[1]["steps"] == [1]


def test_nesterov_without_momentum() -> None:
    with pytest.raises(ValueError, match="requires a momentum"):
        optim.SGD([jt.array(START)], nesterov=True)


@pytest.mark.parametrize(("dtype", "limit"), [("float32", 1e-6), ("float64", 1e-14)])
@pytest.mark.parametrize("max_norm", [0.5, 100.0], ids=["clipped", "unclipped"])
def test_adamw_and_clipping(dtype: str, limit: float, max_norm: float) -> None:
    """With the default decay."""

    def step(original: tuple, port: tuple, direction: np.ndarray) -> None:
        original[0].grad = torch.from_numpy(direction.copy())
        norm = torch.nn.utils.clip_grad_norm_([original[0]], max_norm)
        original[1].step()
        port[1].backward((port[0] * jt.array(direction)).sum())
        assert clip_grad_norm(port[1], max_norm).item() == pytest.approx(norm.item(), rel=limit)
        port[1].step()

    found, expected = compare("AdamW", {"lr": 0.01}, dtype, step)
    assert_close(found, expected, limit)
