"""Ten kinds of fault in real Jittor ports, from the two models to the sentence."""

import jittor as jt
import pytest
import torch
from torch import nn

from alignment_tests.jtmigrate import pairs
from jtmigrate.diff import diff, diff_pair
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.frameworks.training import Training
from jtmigrate.parity import nn as pnn
from jtmigrate.parity import optim
from jtmigrate.plan import ModelPair, Plan
from jtmigrate.trace.stages import stage

pytestmark = pytest.mark.slow


class TorchNet(nn.Module):
    """One of everything that the ten faults need."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.bn = nn.BatchNorm2d(4)
        self.act = nn.LeakyReLU(0.1)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.square = nn.Linear(5, 5)

    def forward(self, x):
        return self.square(self.pool(self.act(self.bn(self.stem(x)))))


class JittorNet(jt.Module):
    def __init__(self, *, slope=0.1, eps=1e-5, norm=pnn.BatchNorm2d, pool="maximum"):
        self.stem = jt.nn.Conv2d(3, 4, 3, padding=1)
        self.bn = norm(4, eps)
        self.act = pnn.LeakyReLU(slope)
        self.pool = jt.nn.Pool(3, 2, 1, op=pool)
        self.square = jt.nn.Linear(5, 5)

    def execute(self, x):
        return self.square(self.pool(self.act(self.bn(self.stem(x)))))


IMAGES = pairs.noise(3, 3, 9, 9)


def original(*, training=False):
    model = pairs.seeded(TorchNet())
    model.bn.bias.data.fill_(-2.0)  # negative at the border, where zeros would be the largest
    return model.train(training)


def ported(reference, port, *, change=lambda model: None):
    """The port with the reference's parameters, and something done to it."""
    JittorAdapter().load_state(port, TorchAdapter().state(reference))
    (port.train if reference.training else port.eval)()
    change(port)
    return port


def transpose(port):
    port.square.weight = port.square.weight.transpose(0, 1).clone()


def drop_bias(port):
    port.stem.bias = None


def test_a_faithful_port_has_no_cause():
    reference = original()
    result = diff(reference, ported(reference, JittorNet()), IMAGES)
    assert result, result.failures
    assert result.cause == ""


@pytest.mark.parametrize(
    ("port", "change", "at_fault", "words"),
    [
        (JittorNet, transpose, "square", "its parameter square.weight is transposed"),
        (JittorNet, drop_bias, "stem", "its bias is missing"),
        (lambda: JittorNet(slope=0.01), lambda port: None, "act", "its negative_slope is 0.01 instead of 0.1"),
        (lambda: JittorNet(eps=1e-3), lambda port: None, "bn", "its eps is 0.001 instead of 1e-05"),
        (lambda: JittorNet(pool="max"), lambda port: None, "pool", "its pads_with is 'zeros' instead of '-inf'"),
    ],
    ids=["transposed", "missing bias", "slope", "eps", "pads with zeros"],
)
def test_a_layer(port, change, at_fault, words):
    reference = original()
    result = diff(reference, ported(reference, port(), change=change), IMAGES)
    assert result.first_fault.key == at_fault
    assert words in result.cause


def test_bgr_instead_of_rgb():
    reference = original()
    port = ported(reference, JittorNet())
    result = diff(reference, port, IMAGES, call_jittor=lambda model, x: model(x[:, ::-1]))
    assert result.first_fault.key == ""
    assert "BGR instead of RGB" in result.cause


def test_a_biased_running_variance():
    """The normalised values agree; only the buffer does not."""
    reference = original(training=True)
    port = ported(reference, JittorNet(norm=jt.nn.BatchNorm))
    result = diff(reference, port, IMAGES)
    assert "biased variance" in result.cause, (result.first_fault, result.cause)


def squares(x, target):
    return (x - target).sqr() if isinstance(x, jt.Var) else (x - target).square()


torch_loss = stage("loss")(lambda x, target: squares(x, target).sum())
jittor_sum = stage("loss")(lambda x, target: squares(x, target).sum())
jittor_mean = stage("loss")(lambda x, target: squares(x, target).mean())


@pytest.mark.parametrize(("loss", "words"), [(jittor_sum, ""), (jittor_mean, "a mean instead of a sum over 300")])
def test_a_mean_instead_of_a_sum(loss, words):
    reference = original()
    port = ported(reference, JittorNet())
    target = pairs.noise(3, 4, 5, 5, seed=5)
    result = diff(
        reference,
        port,
        (IMAGES, target),
        call_torch=lambda model, inputs: torch_loss(model(inputs[0]), inputs[1]),
        call_jittor=lambda model, inputs: loss(model(inputs[0]), inputs[1]),
    )
    assert bool(result) is (words == "")
    assert words in result.cause
    if words:
        assert result.first_fault.key == "loss"


class Halving:
    """A learning rate that is halved after every step, the first `idle` ones excepted."""

    def __init__(self, optimizer, idle=0):
        self.optimizer, self.idle = optimizer, idle

    def step(self):
        self.idle -= 1
        if self.idle < 0:
            for group in self.optimizer.param_groups:
                group["lr"] = group.get("lr", self.optimizer.lr) / 2


def groups(model, decay_of_biases):
    named = dict(model.named_parameters())
    weights, biases = ([named[name] for name in named if name.endswith(end)] for end in ("weight", "bias"))
    return [{"params": weights, "weight_decay": 0.1}, {"params": biases, "weight_decay": decay_of_biases}]


def training(*, decay_of_biases=0.0, idle=0):
    return Training(
        lambda model: optim.AdamW(groups(model, decay_of_biases), lr=1e-2), schedule=lambda opt: Halving(opt, idle)
    )


@pytest.mark.parametrize(
    ("candidate", "words"),
    [
        (training(), ""),
        (training(decay_of_biases=0.1), "which the reference excludes from weight decay"),
        (training(idle=1), "the schedule is off by one, one step late"),
    ],
    ids=["the same", "decay on biases", "schedule off by one"],
)
def test_training(candidate, words):
    reference = pairs.seeded(pairs.TorchMLP()).train()
    pair = ModelPair(
        lambda: reference,
        lambda: ported(reference, pairs.JittorMLP()),
        pairs.VECTORS,
        training_torch=Training(
            lambda model: torch.optim.AdamW(groups(model, 0.0), lr=1e-2),
            schedule=lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5),
        ),
        training_jittor=candidate,
    )
    result = diff_pair(pair, Plan(steps=3))
    assert bool(result) is (words == ""), result.failures
    assert words in result.cause
