"""The same small model under the same optimizer in both frameworks, and steps with the same gradients."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jittor as jt
import numpy as np
import torch

from alignment_tests.jtmigrate.pairs import JittorMLP, TorchMLP
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.parity import optim as parity
from jtmigrate.trace.optimizer import OptimizerState

SHAPES = {"hidden.weight": (16, 6), "hidden.bias": (16,), "out.weight": (3, 16), "out.bias": (3,)}
Gradients = Mapping[str, np.ndarray]

ADAM = {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}
EVERYWHERE = {
    "AdamW": ("AdamW", ADAM),
    "AdamW-default": ("AdamW", {}),
    "Adam": ("Adam", ADAM),
    "SGD": ("SGD", {"lr": 0.1, "weight_decay": 0.01}),
    "SGD-momentum": ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
    "SGD-nesterov": ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01, "nesterov": True}),
    "RMSprop": ("RMSprop", {"lr": 0.01, "alpha": 0.9, "eps": 1e-6}),
}
"""What stock Jittor can do too."""

PARITY_ONLY = {
    "AdamW-amsgrad": ("AdamW", {**ADAM, "amsgrad": True}),
    "Adam-maximize": ("Adam", {**ADAM, "maximize": True}),
    "SGD-dampening": ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    "RMSprop-all": ("RMSprop", {"lr": 0.01, "weight_decay": 0.01, "momentum": 0.9, "centered": True}),
}


def gradients(seed: int, dtype: str, steps: int) -> list[Gradients]:
    random = np.random.RandomState(seed)
    return [{name: random.standard_normal(shape).astype(dtype) for name, shape in SHAPES.items()} for _ in range(steps)]


def models(dtype: str) -> tuple[TorchMLP, JittorMLP]:
    """Both with the same parameters in `dtype`."""
    torch.manual_seed(0)
    reference, port = TorchMLP().to(getattr(torch, dtype)), JittorMLP()
    if dtype == "float64":
        with jt.flag_scope(auto_convert_64_to_32=0):
            for var in port.parameters():
                var.assign(jt.array(var.numpy().astype(np.float64)))
    JittorAdapter().load_state(port, TorchAdapter().state(reference))
    return reference, port


def torch_optimizer(kind: str, options: Mapping[str, Any], model: TorchMLP, *, groups: bool) -> torch.optim.Optimizer:
    params = _groups(model) if groups else model.parameters()
    return getattr(torch.optim, kind)(params, **options)


def jittor_optimizer(
    kind: str, options: Mapping[str, Any], model: JittorMLP, *, groups: bool, stock: bool
) -> jt.optim.Optimizer:
    options = {"lr": 1e-3, **options} if stock else options
    params = _groups(model) if groups else model.parameters()
    return getattr(jt.optim if stock else parity, kind)(params, **options)


def _groups(model: Any) -> list[dict[str, Any]]:
    """Weights, and biases with a learning rate of their own."""
    parameters = dict(model.named_parameters())
    weights = [parameter for name, parameter in parameters.items() if name.endswith("weight")]
    biases = [parameter for name, parameter in parameters.items() if name.endswith("bias")]
    return [{"params": weights}, {"params": biases, "lr": 0.003}]


def torch_steps(optimizer: torch.optim.Optimizer, model: TorchMLP, several: Sequence[Gradients]) -> None:
    for arrays in several:
        for name, parameter in model.named_parameters():
            parameter.grad = torch.from_numpy(arrays[name].copy()) if name in arrays else None
        optimizer.step()


def jittor_steps(optimizer: jt.optim.Optimizer, model: JittorMLP, several: Sequence[Gradients]) -> None:
    with jt.flag_scope(auto_convert_64_to_32=0):
        for arrays in several:
            parameters = dict(model.named_parameters())
            products = [(parameters[name] * jt.array(array)).reshape(-1) for name, array in arrays.items()]
            # One sum: in float64 Jittor gets the gradient of a sum of sums wrong once it has run one in float32.
            optimizer.step(jt.concat(products).sum())


def flat(state: OptimizerState) -> Iterator[tuple[str, np.ndarray]]:
    for name, arrays in state.slots.items():
        for slot, array in arrays.items():
            yield f"{name} {slot}", array


def assert_same_state(found: OptimizerState, expected: OptimizerState, limit: float) -> None:
    """Same kind, groups and options; slots within `limit` of their largest element."""
    assert found.kind == expected.kind
    assert [group.names for group in found.groups] == [group.names for group in expected.groups]
    for a, b in zip(found.groups, expected.groups, strict=True):
        assert dict(a.options) == dict(b.options)
    assert_close(dict(flat(found)), dict(flat(expected)), limit)


def assert_close(found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray], limit: float) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype, name
        assert np.abs(found[name] - array).max() <= limit * np.abs(array).max(), name
