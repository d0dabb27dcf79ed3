"""`jtmigrate.parity.init` against `torch.nn.init`: fixed values exactly, random ones by their statistics.

Of 40,000 numbers the mean is known to 1/200 of the deviation and the deviation to 1/280: five times as much is allowed.
"""

from typing import Any

import jittor as jt
import numpy as np
import pytest
import torch

from jtmigrate.parity import init

SHAPE = (40, 20, 5, 10)
DRAWN = {
    "uniform_": ({}, {"a": -0.3, "b": 0.2}),
    "normal_": ({}, {"mean": 1.0, "std": 0.02}),
    "trunc_normal_": ({}, {"std": 0.02}, {"mean": 0.5, "std": 1.0, "a": 0.0, "b": 1.0}),
    "xavier_uniform_": ({}, {"gain": 2.0}),
    "xavier_normal_": ({}, {"gain": 2.0}),
    "kaiming_uniform_": ({}, {"mode": "fan_out", "nonlinearity": "relu"}, {"a": 5**0.5}),
    "kaiming_normal_": ({}, {"mode": "fan_out", "nonlinearity": "relu"}),
    "orthogonal_": ({}, {"gain": 2.0}),
}
FIXED = [
    ("constant_", (4, 3), (0.3,)),
    ("ones_", (4, 3), ()),
    ("zeros_", (4, 3), ()),
    ("eye_", (4, 3), ()),
    ("dirac_", (4, 3, 5), ()),
    ("dirac_", (6, 2, 3, 3), (3,)),
]


def both(name: str, shape: tuple[int, ...], *args: Any, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    """What the port and the original make of an empty tensor."""
    variable, tensor = jt.empty(shape), torch.empty(shape)
    assert getattr(init, name)(variable, *args, **options) is variable
    assert not variable.is_stop_grad()
    getattr(torch.nn.init, name)(tensor, *args, **options)
    return variable.numpy(), tensor.numpy()


@pytest.mark.parametrize(("name", "shape", "args"), FIXED)
def test_fixed_values(name: str, shape: tuple[int, ...], args: tuple) -> None:
    found, expected = both(name, shape, *args)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("name", "options"), [(name, options) for name, several in DRAWN.items() for options in several]
)
def test_distribution(name: str, options: dict[str, Any]) -> None:
    jt.set_global_seed(0)
    torch.manual_seed(0)
    found, expected = both(name, SHAPE, **options)
    deviation = expected.std()
    assert abs(found.mean() - expected.mean()) <= 0.036 * deviation
    assert found.std() == pytest.approx(deviation, rel=0.025)
    for quantile in (0.1, 0.25, 0.75, 0.9):
        assert np.quantile(found, quantile) == pytest.approx(np.quantile(expected, quantile), abs=0.06 * deviation)
    if "uniform" in name or options.get("b") == 1.0:
        assert [found.min(), found.max()] == pytest.approx([expected.min(), expected.max()], abs=0.2 * deviation)


@pytest.mark.parametrize("shape", [(3, 8), (8, 3), (4, 2, 3)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    found = init.orthogonal_(jt.empty(shape), 2.0).numpy().reshape(shape[0], -1)
    product = found @ found.T if found.shape[0] <= found.shape[1] else found.T @ found
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-5)


def test_sparse() -> None:
    found = init.sparse_(jt.empty((200, 50)), 0.25, 0.1).numpy()
    assert ((found == 0).sum(0) == 50).all()
    assert found.std() == pytest.approx(0.1 * 0.75**0.5, rel=0.05)


@pytest.mark.parametrize(
    "name", ["linear", "conv2d", "conv_transpose1d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]
)
@pytest.mark.parametrize("param", [None, 0.3])
def test_gain(name: str, param: float | None) -> None:
    assert init.calculate_gain(name, param) == pytest.approx(torch.nn.init.calculate_gain(name, param), rel=1e-15)


def test_a_parameter_stays_one_under_no_grad() -> None:
    weight = jt.array([[1.0, 2.0], [3.0, 4.0]])
    with jt.no_grad():
        init.normal_(weight)
    assert np.abs(jt.grad((weight * 3).sum(), weight).numpy()).sum() == 12


@pytest.mark.parametrize("name", ["xavier_normal_", "kaiming_uniform_"])
def test_a_vector_has_no_fans(name: str) -> None:
    with pytest.raises(ValueError, match="two dimensions at least"):
        getattr(init, name)(jt.empty((3,)))


def test_an_unknown_nonlinearity() -> None:
    with pytest.raises(ValueError, match="'swish' is not one of"):
        init.calculate_gain("swish")
