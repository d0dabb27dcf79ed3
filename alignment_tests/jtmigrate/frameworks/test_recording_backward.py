"""Recording a training run changes nothing: loss, gradients and buffers have the same bits with and without it."""

import jittor as jt
import numpy as np
import pytest
import torch

from alignment_tests.jtmigrate import pairs
from alignment_tests.jtmigrate.models.residual import JittorResNet, TorchResNet
from alignment_tests.mutations.detector import detector
from alignment_tests.mutations.scenes import small
from jtmigrate.diff import ModelPair
from jtmigrate.frameworks.base import plain_call
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.frameworks.torch_adapter import TorchAdapter


def resnet() -> ModelPair:
    return small(TorchResNet, JittorResNet, pairs.IMAGE, training=True)


PAIRS = pytest.mark.parametrize(
    "build",
    [resnet, pytest.param(lambda: detector(training=True), marks=pytest.mark.slow)],
    ids=["resnet", "detector"],
)


def mean_square(model, output):
    """A loss of a lone output."""
    return (output * output).mean()


def assert_same_bits(found, expected):
    assert expected
    for name, array in expected.items():
        assert found[name].tobytes() == array.tobytes(), name


@PAIRS
def test_torch(build):
    pair = build()
    call, loss = pair.call_torch or plain_call, pair.loss_torch or mean_square
    trace = TorchAdapter().record(pair.build_torch(), pair.inputs, call=call, backward=True, loss=loss)

    model = pair.build_torch()
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    loss(model, output := call(model, torch.tensor(pair.inputs))).backward()
    gradients = {name: each.grad.numpy() for name, each in model.named_parameters() if each.grad is not None}
    buffers = {name: each.numpy() for name, each in model.named_buffers() if not torch.equal(each, before[name])}

    first = output[0] if isinstance(output, tuple) else output
    np.testing.assert_array_equal(next(iter(trace.by_key[""].outputs.values())), first.detach().numpy())
    assert_same_bits(trace.gradients, gradients)
    assert_same_bits(trace.buffers, buffers)


@PAIRS
def test_jittor(build):
    pair = build()
    call, loss = pair.call_jittor or plain_call, pair.loss_jittor or mean_square
    adapter = JittorAdapter()
    trace = adapter.record(pair.build_jittor(), pair.inputs, call=call, backward=True, loss=loss)

    model = pair.build_jittor()
    before = adapter.state(model)
    parameters = adapter.parameters(model)
    output = call(model, jt.array(pair.inputs))
    gradients = dict(zip(parameters, jt.grad(loss(model, output), list(parameters.values())), strict=True))
    first = output[0] if isinstance(output, tuple) else output
    jt.sync([first, *gradients.values()])
    after = adapter.state(model)

    np.testing.assert_array_equal(next(iter(trace.by_key[""].outputs.values())), first.numpy())
    assert_same_bits(trace.buffers, {n: array for n, array in after.items() if not np.array_equal(array, before[n])})
    assert_same_bits(trace.gradients, {name: gradient.numpy() for name, gradient in gradients.items()})
