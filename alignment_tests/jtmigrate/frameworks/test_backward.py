"""Recorded backward passes: the gradients are those of a run that nobody watched, bit for bit."""

import jittor as jt
import numpy as np
import pytest
import torch

from alignment_tests.jtmigrate import pairs
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.parity import nn as pnn


def total(_, outputs):
    return sum((output * output).sum() for output in outputs)


@pytest.fixture
def weights():
    return TorchAdapter().state(pairs.seeded(pairs.TorchCNN()))


@pytest.fixture
def port(weights):
    model = pairs.JittorCNN(pnn.BatchNorm2d)
    JittorAdapter().load_state(model, weights)
    model.train()
    return model


def test_torch_gradients_and_buffers_are_those_of_a_plain_step():
    model = pairs.seeded(pairs.TorchCNN()).train()
    trace = TorchAdapter().record(model, pairs.IMAGE, backward=True, loss=total)
    total(model, model(torch.tensor(pairs.IMAGE))).backward()
    for name, parameter in model.named_parameters():
        assert trace.gradients[name].tobytes() == parameter.grad.numpy().tobytes(), name
    for name, buffer in model.named_buffers():
        assert np.array_equal(trace.buffers[name], buffer.numpy()), name


def test_jittor_gradients_and_buffers_are_those_of_a_plain_step(port):
    adapter = JittorAdapter()
    parameters = adapter.parameters(port)
    trace = adapter.record(port, pairs.IMAGE, backward=True, loss=total)
    gradients = jt.grad(total(port, port(jt.array(pairs.IMAGE))), list(parameters.values()))
    for name, gradient in zip(parameters, gradients, strict=True):
        assert trace.gradients[name].tobytes() == gradient.numpy().tobytes(), name
    state = adapter.state(port)
    assert trace.buffers
    for name, buffer in trace.buffers.items():
        assert buffer.tobytes() == state[name].tobytes(), name


def test_recording_a_backward_pass_leaves_the_port_as_it_was(port, weights):
    adapter = JittorAdapter()
    trace = adapter.record(port, pairs.IMAGE, backward=True, loss=total)
    adapter.record(port, pairs.IMAGE, dtype="float64", backward=True, loss=total)
    adapter.replay(port, trace, backward=True)
    state = adapter.state(port)
    for name, array in state.items():
        assert array.dtype == np.float32
        assert array.tobytes() == weights[name].tobytes(), name
    assert set(adapter.parameters(port)) == {name for name in state if "running" not in name}


def test_gradients_of_a_model_in_evaluation_mode_are_recorded(port):
    """Jittor's `eval()` stops all gradients; a recorded backward pass lets them flow and stops them again."""
    port.eval()
    trace = JittorAdapter().record(port, pairs.IMAGE, backward=True, loss=total)
    assert trace.gradients["stem.weight"].any()
    assert all(var.is_stop_grad() for var in port.parameters())


def test_activation_gradients_agree_with_those_that_autograd_tells():
    model = pairs.seeded(pairs.TorchMLP())
    trace = TorchAdapter().record(model, pairs.VECTORS, backward=True, loss=lambda _, output: (output**2).sum())
    hidden = model.hidden(torch.tensor(pairs.VECTORS)).detach().requires_grad_()
    (model.out(model.act(hidden.clone())) ** 2).sum().backward()
    np.testing.assert_array_equal(trace.by_key["hidden"].gradients[""], hidden.grad.numpy())


def test_a_pullback_is_that_of_the_layer_alone():
    """For y = Wx + b: cotangent times W by the input, cotangent times x by the weight, its sum by the bias."""
    from jtmigrate.trace.cotangents import cotangent

    adapter, model = TorchAdapter(), pairs.seeded(pairs.TorchMLP())
    trace = adapter.record(model, pairs.VECTORS)
    alone = adapter.replay(model, trace, dtype="float64", backward=True).by_key["out"]
    given, weight = trace.by_key["out"].inputs["0"].astype(np.float64), trace.state["out.weight"].astype(np.float64)
    ours = cotangent("out", 0, (len(given), 3))
    np.testing.assert_allclose(alone.pullback["input 0"], ours @ weight, rtol=1e-12)
    np.testing.assert_allclose(alone.pullback["parameter weight"], ours.T @ given, rtol=1e-12)
    np.testing.assert_allclose(alone.pullback["parameter bias"], ours.sum(0), rtol=1e-12)


def test_views_made_without_gradients_are_no_place_to_start_a_pullback_from():
    """PyTorch says of them that they require a gradient, and then refuses to give one."""

    class Inner(torch.nn.Module):
        def forward(self, x):
            return x * 2

    class Outer(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Inner()

        @torch.no_grad()
        def forward(self, x):
            return self.inner(x.unsqueeze(1))

    adapter, model = TorchAdapter(), Outer()
    trace = adapter.record(model, pairs.VECTORS)
    assert [layer.failure for layer in adapter.replay(model, trace, backward=True).layers] == ["", ""]


def test_float64_after_float32_of_a_sum_of_sums():
    """Jittor gives a lone number of any dtype the kernel of the first one that it met.

    Two layers of six and a few units round a dozen times: 3e-7 of the largest gradient in float32, 3e-16 in float64.
    """
    original, model = pairs.seeded(pairs.TorchMLP()), pairs.JittorMLP()
    JittorAdapter().load_state(model, TorchAdapter().state(original))

    def of_sums(_, output):
        return output.sum() + output.sum(0).sum()

    def gradients(adapter, model, dtype):
        return adapter.record(model, pairs.VECTORS, dtype=dtype, backward=True, loss=of_sums).gradients

    expected = gradients(TorchAdapter(), original, "float64")
    for dtype, tolerance in (("float32", 1e-6), ("float64", 1e-14), ("float32", 1e-6)):
        for name, gradient in gradients(JittorAdapter(), model, dtype).items():
            bound = tolerance * np.abs(expected[name]).max()
            np.testing.assert_allclose(gradient, expected[name], rtol=0, atol=bound, err_msg=name)
