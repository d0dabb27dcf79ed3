"""Contexts, gradients, seeds, files and devices of both frameworks."""

from collections.abc import Callable
from pathlib import Path

import jittor as jt
import numpy as np
import pytest
import torch

from jtmigrate.parity import ops

CONTEXTS = [
    pytest.param(torch.no_grad, jt.no_grad, False, id="no_grad"),
    pytest.param(torch.enable_grad, jt.enable_grad, True, id="enable_grad"),
    pytest.param(torch.inference_mode, jt.no_grad, False, id="inference_mode"),
    pytest.param(lambda: torch.set_grad_enabled(False), lambda: ops.set_grad_enabled(False), False, id="disabled"),
    pytest.param(lambda: torch.set_grad_enabled(True), lambda: ops.set_grad_enabled(True), True, id="enabled"),
]


@pytest.mark.parametrize(("original", "port", "records"), CONTEXTS)
def test_gradients_stop_in_contexts(original: Callable, port: Callable, records: bool) -> None:
    """As a context and as a decorator."""
    tensor, variable = torch.tensor([2.0], requires_grad=True), jt.array([2.0])
    with original():
        expected = tensor * 3
        assert torch.is_grad_enabled() == records
    with port():
        found = variable * 3
        assert ops.is_grad_enabled() == records
    assert expected.requires_grad == records
    assert (not found.is_stop_grad()) == records
    assert original()(lambda: tensor * 3)().requires_grad == records
    assert (not port()(lambda: variable * 3)().is_stop_grad()) == records
    assert ops.is_grad_enabled()


def test_grad() -> None:
    """Several outputs with weights; what was not used gets zeros."""
    arrays = [np.array(values, np.float32) for values in ([1.0, -2.0], [0.5, 3.0], [7.0])]
    weight = np.array([0.3, -0.7], np.float32)
    tensors, variables = [torch.tensor(array, requires_grad=True) for array in arrays], [jt.array(a) for a in arrays]
    expected = torch.autograd.grad(
        [tensors[0] * tensors[1], (tensors[0] ** 2).sum()], tensors, [torch.tensor(weight), torch.tensor(1.0)],
        allow_unused=True, materialize_grads=True,
    )  # fmt: skip
    found = ops.grad(
        [variables[0] * variables[1], (variables[0] * variables[0]).sum()],
        variables,
        [jt.array(weight), jt.array([1.0])],
    )
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)
    single = ops.grad((variables[0] * 3).sum(), variables[0])
    np.testing.assert_array_equal(single[0].numpy(), [3, 3])


def test_seeds_repeat() -> None:
    """Jittor takes the seed 0 for 1."""

    def drawn(seed: Callable[[int], object], draw: Callable[[], np.ndarray]) -> list[np.ndarray]:
        arrays = []
        for number in (1, 1, 2):
            seed(number)
            arrays.append(draw())
        return arrays

    for first, again, other in (
        drawn(torch.manual_seed, lambda: torch.rand(5).numpy()),
        drawn(jt.set_global_seed, lambda: ops.rand(5).numpy()),
    ):
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)


def test_saved_is_loaded(tmp_path: Path) -> None:
    values = np.array([[1.5, -2.0], [0.0, 3.0]], np.float32)
    torch.save({"w": torch.from_numpy(values), "epoch": 3}, tmp_path / "a.pth")
    jt.save({"w": jt.array(values), "epoch": 3}, str(tmp_path / "a.pkl"))
    expected, found = torch.load(tmp_path / "a.pth"), jt.load(str(tmp_path / "a.pkl"))
    assert expected["epoch"] == found["epoch"] == 3
    np.testing.assert_array_equal(found["w"].numpy(), expected["w"].numpy())


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what holds without a GPU")
def test_devices() -> None:
    assert ops.cuda_is_available() == torch.cuda.is_available()
    assert jt.get_device_count() == torch.cuda.device_count() == 0
    assert torch.cuda.empty_cache() is None
    assert jt.gc() is None
    assert ops.synchronize() is None
    x = jt.zeros((2,))
    assert ops.device_of(x) == torch.zeros(2).device.type
    assert ops.cuda(x) is x
    assert ops.cpu(x) is x


def test_what_is_assigned_is_trained() -> None:
    """Also under `no_grad`, where Jittor's own assignment stops the gradient for good."""
    x = jt.array([1.0, 2.0])
    with jt.no_grad():
        assert ops.mul_(x, 3.0) is x
    np.testing.assert_array_equal(jt.grad((x * x).sum(), x).numpy(), [6, 12])


@pytest.mark.parametrize("given", [("cpu",), ("cuda",), ("cuda:1",), ("cuda", 1)])
def test_a_device_is_a_name(given: tuple) -> None:
    """As in PyTorch, and nothing is moved."""
    expected, found = torch.device(*given), ops.device(*given)
    assert (str(found), found.type, found.index) == (str(expected), expected.type, expected.index)
    assert ops.to(jt.array([1.0]), found).dtype == "float32"
