"""Models of six kinds that are no detector: each aligned as it is, each with one fault that is found where it is."""

from collections.abc import Callable
from typing import NamedTuple

import jittor as jt
import numpy as np
import pytest
from torch import nn as tnn

from alignment_tests.jtmigrate import pairs
from alignment_tests.jtmigrate.models import lstm, residual, transformer, unet
from jtmigrate import diff
from jtmigrate.compare.result import Quantity, Verdict
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.parity import nn as pnn


class Kind(NamedTuple):
    """A model in both frameworks, and one way to get the port wrong.

    inputs  what both are called with
    damage  done to the port
    path    of the module that is then at fault
    """

    original: Callable[[], tnn.Module]
    port: Callable[[], jt.Module]
    inputs: object
    damage: Callable[[jt.Module], None]
    path: str


def slope(model):
    model.act = pnn.LeakyReLU(0.01)


def not_in_place(model):
    block = model.blocks[1]
    block.execute = lambda x: block.conv(block.act(x)) + x


def skips_joined_the_wrong_way_round(model):
    def execute(images):
        top = model.enter(images)
        middle = model.middle(model.down(top))
        x = model.join_middle(jt.concat([model.up(model.bottom(model.down(middle))), middle], dim=1))
        return model.mask(model.join_top(jt.concat([top, model.enlarge(x)], dim=1)))

    model.execute = execute


def transposed(model):
    weight = model.attention.proj.weight
    weight.assign(weight.transpose(0, 1).clone())


def time_first(model):
    batch_first = model.lstm.execute
    model.lstm.execute = lambda x: (lambda y, state: (y.permute(1, 0, 2), state))(*batch_first(x))


def another_half(model):
    linear = model.encode.linear
    model.encode.execute = lambda x: {"low": linear(x), "high": (x - 1, x * 2)}


WORDS = np.random.default_rng(0).integers(0, transformer.WORDS, (3, transformer.LENGTH))
NESTED = {"image": pairs.noise(3, 4), "mask": pairs.noise(3, 4, seed=2)}
KINDS = {
    "mlp": Kind(pairs.TorchMLP, pairs.JittorMLP, pairs.VECTORS, slope, "act"),
    "residual": Kind(residual.TorchResNet, residual.JittorResNet, pairs.IMAGE, not_in_place, "blocks.1"),
    "unet": Kind(unet.TorchUNet, unet.JittorUNet, pairs.IMAGE, skips_joined_the_wrong_way_round, ""),
    "transformer": Kind(
        transformer.TorchTransformer, transformer.JittorTransformer, WORDS, transposed, "attention.proj"
    ),
    "lstm": Kind(lstm.TorchTagger, lstm.JittorTagger, pairs.noise(3, 4, 5), time_first, "lstm"),
    "nested": Kind(pairs.TorchNested, pairs.JittorNested, NESTED, another_half, "encode"),
}


def both(kind, *, training=False):
    """A seeded original and its port with the same parameters."""
    original, port = pairs.seeded(kind.original()).train(training), kind.port()
    JittorAdapter().load_state(port, TorchAdapter().state(original))
    (port.train if training else port.eval)()
    return original, port


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_faithful_port_is_aligned(kind):
    result = diff(*both(kind), kind.inputs)
    assert result, result.failures
    assert result.counts[Verdict.MISMATCH] == result.counts[Verdict.UNCOMPARED] == 0


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_fault_is_found_where_it_is(kind):
    original, port = both(kind)
    kind.damage(port)
    result = diff(original, port, kind.inputs)
    assert not result
    assert result.first_fault.path == kind.path
    assert result.first_fault.own_fault


@pytest.mark.parametrize("name", KINDS)
def test_its_gradients_are_aligned_too(name):
    """In training, but for the transformer: dropout draws other numbers in either framework."""
    result = diff(*both(KINDS[name], training=name != "transformer"), KINDS[name].inputs, backward=True)
    assert result, result.failures
    assert {row.quantity for row in result.quantities} >= {Quantity.ACTIVATION_GRADIENT, Quantity.PARAMETER_GRADIENT}
