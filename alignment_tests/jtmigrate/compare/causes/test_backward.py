"""Backward passes, buffers and losses of two PyTorch models."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from alignment_tests.jtmigrate.compare.causes.faults import noise, patched, seeded, torch_pair
from jtmigrate.compare.causes import all_causes
from jtmigrate.compare.compare import compare
from jtmigrate.compare.evidence import suspect_of
from jtmigrate.compare.pairing import Runs
from jtmigrate.compare.result import Quantity, QuantityResult, Verdict
from jtmigrate.frameworks.torch_adapter import TorchAdapter

ROWS = noise(6, 5)
IMAGE = noise(3, 4, 5, 5)


def known(reference, candidate, inputs, quantity, name, *, own_fault=True):
    """What is known about a quantity of two models, told that it is at fault."""
    adapter = TorchAdapter()
    candidate.load_state_dict(reference.state_dict())
    candidate.train(reference.training)
    traces = [
        adapter.record(model, inputs, dtype=dtype, backward=True)
        for model in (reference, candidate)
        for dtype in ("float32", "float64")
    ]
    alone, isolated = (adapter.replay(model, traces[0], backward=True) for model in (reference, candidate))
    path = name if quantity is Quantity.ACTIVATION_GRADIENT else name.rpartition(".")[0]
    fault = QuantityResult(quantity, name, path, 0, (), verdict=Verdict.MISMATCH, reason="", own_fault=own_fault)
    return suspect_of(fault, Runs(*traces, isolated, alone))


def compared(reference, candidate, inputs):
    """The whole comparison, gradients included."""
    adapter = TorchAdapter()
    candidate.load_state_dict(reference.state_dict())
    candidate.train(reference.training)
    traces = [
        adapter.record(model, inputs, dtype=dtype, backward=True)
        for model in (reference, candidate)
        for dtype in ("float32", "float64")
    ]
    alone, isolated = (adapter.replay(model, traces[0], backward=True) for model in (reference, candidate))
    return compare(Runs(*traces, isolated, alone))


class Net(nn.Module):
    def __init__(self, join=lambda y, x: y + x):
        super().__init__()
        self.linear = nn.Linear(5, 5)
        self.last = nn.Linear(5, 5)
        self._join = join

    def forward(self, x):
        return self.last(self._join(self.linear(x), x))


class Scale(torch.autograd.Function):
    """The identity, whose gradient is changed."""

    @staticmethod
    def forward(ctx, x, change):
        ctx.change = change
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return ctx.change(gradient), None


def layers(forward):
    """A layer with this forward at "2", zeros among its inputs."""
    return nn.Sequential(nn.Linear(5, 5), nn.ReLU(), patched(nn.Tanh(), forward))


def through(change):
    return layers(lambda m, x: Scale.apply(torch.tanh(x), change))


def frozen():
    model = Net()
    model.linear.weight.requires_grad = False
    return model


ACTIVATION, PARAMETER, BUFFER = Quantity.ACTIVATION_GRADIENT, Quantity.PARAMETER_GRADIENT, Quantity.BUFFER


@pytest.mark.parametrize(
    ("name", "reference", "candidate", "quantity", "which", "words"),
    [
        ("frozen_parameter", Net, frozen, PARAMETER, "linear.weight", "its weight gets no gradient: frozen"),
        (
            "detached_branch",
            Net,
            lambda: Net(lambda y, x: y.detach() + x),
            ACTIVATION,
            "",
            "gradient of answer of linear 0 is zero: a detached branch",
        ),
        (
            "missing_path",
            Net,
            lambda: Net(lambda y, x: y + x.detach()),
            ACTIVATION,
            "",
            "lacks a share like the gradient of answer of linear 0: a detached branch",
        ),
        (
            "through_stop_gradient",
            lambda: Net(lambda y, x: y + x.detach()),
            Net,
            ACTIVATION,
            "",
            "gradient of input 0 has a share like",
        ),
        (
            "reversed_gradient",
            lambda: through(lambda g: g),
            lambda: through(lambda g: -g),
            ACTIVATION,
            "2",
            "opposite sign",
        ),
        (
            "scaled_gradient",
            lambda: through(lambda g: g),
            lambda: through(lambda g: g / 3),
            ACTIVATION,
            "2",
            "1/3 of the reference's",
        ),
        (
            "clipped_by_value",
            lambda: layers(lambda m, x: Scale.apply(x, lambda g: g)),
            lambda: layers(lambda m, x: Scale.apply(x, lambda g: g.clamp(-0.5, 0.5))),
            ACTIVATION,
            "2",
            "clipped by value, to 0.5",
        ),
        (
            "at_ties",
            lambda: layers(lambda m, x: x.abs()),
            lambda: layers(lambda m, x: torch.where(x >= 0, x, -x)),
            ACTIVATION,
            "2",
            "places where its input is exactly 0",
        ),
        (
            "own_backward",
            lambda: through(lambda g: g),
            lambda: through(lambda g: g * torch.linspace(0, 1, 30).reshape(6, 5).to(g)),
            ACTIVATION,
            "2",
            "backward pass",
        ),
    ],
)
def test_a_gradient(name, reference, candidate, quantity, which, words):
    causes = dict(all_causes(known(seeded(reference()), candidate(), ROWS, quantity, which)))
    assert next(iter(causes)) == name, causes
    assert words in causes[name]


def test_a_gradient_that_the_reference_stops():
    stopped = Net(lambda y, x: y.detach() + x)
    found = known(seeded(stopped), Net(lambda y, x: y + x), ROWS, ACTIVATION, "")
    assert "missing detach" in dict(all_causes(found))["through_stop_gradient"]


class Norm(nn.BatchNorm2d):
    """Batch normalisation that keeps its running statistics by a rule of its own."""

    def __init__(self, rule=None):
        super().__init__(4)
        self._rule = rule

    def forward(self, x):
        before = {name: tensor.clone() for name, tensor in self.named_buffers()}
        y = super().forward(x)
        if self._rule:
            self._rule(self, before, x)
        return y


def rule(**after):
    """A rule for running_var or running_mean: (value before, reference's value after, input) -> value."""

    def apply(norm, before, x):
        for name, change in after.items():
            buffer = getattr(norm, name)
            buffer.data.copy_(change(before[name], buffer.clone(), x))

    return apply


def biased(before, after, x):
    return 0.9 * before + 0.1 * x.var((0, 2, 3), unbiased=False)


@pytest.mark.parametrize(
    ("name", "change", "which", "words"),
    [
        ("biased_variance", {"running_var": biased}, "running_var", "biased variance"),
        ("not_updated", {"running_mean": lambda old, new, x: old}, "running_mean", "is not updated"),
        (
            "updated_twice",
            {"running_mean": lambda old, new, x: 0.9 * new + 0.1 * x.mean((0, 2, 3))},
            "running_mean",
            "updated twice",
        ),
        (
            "momentum",
            {"running_mean": lambda old, new, x: 0.1 * old + 0.9 * x.mean((0, 2, 3))},
            "running_mean",
            "momentum is 0.9 instead of 0.1: the other convention",
        ),
        (
            "momentum",
            {"running_mean": lambda old, new, x: 0.97 * old + 0.03 * x.mean((0, 2, 3))},
            "running_mean",
            "momentum is 0.03 instead of 0.1",
        ),
    ],
)
def test_a_buffer(name, change, which, words):
    reference, candidate = seeded(nn.Sequential(Norm())).train(), nn.Sequential(Norm(rule(**change)))
    patched(reference[0], Norm.forward)
    reference[0].__class__.__name__ = candidate[0].__class__.__name__ = "BatchNorm2d"
    causes = dict(all_causes(known(reference, candidate, IMAGE, BUFFER, f"0.{which}")))
    assert next(iter(causes)) == name, causes
    assert words in causes[name]


class Average(nn.Module):
    """A moving average that is no layer that anybody knows."""

    def __init__(self, decay):
        super().__init__()
        self.linear = nn.Linear(5, 5)
        self.register_buffer("mean", torch.zeros(5))
        self._decay = decay

    def forward(self, x):
        self.mean.data.copy_(self._decay * self.mean + (1 - self._decay) * x.mean(0))
        return self.linear(x)


def test_another_decay():
    causes = dict(all_causes(known(seeded(Average(0.9)), Average(0.5), ROWS, BUFFER, "mean")))
    assert next(iter(causes)) == "other_decay", causes
    assert "mean moves 5 times as far" in causes["other_decay"]


def test_a_buffer_that_should_stay():
    reference = nn.Sequential(Norm(rule(running_mean=lambda old, new, x: old)))
    causes = dict(all_causes(known(seeded(reference).train(), nn.Sequential(Norm()), IMAGE, BUFFER, "0.running_mean")))
    assert next(iter(causes)) == "updated_in_evaluation", causes


def test_right_quantities_have_no_cause():
    for quantity, name in ((ACTIVATION, "linear"), (PARAMETER, "linear.weight"), (ACTIVATION, "")):
        suspect = known(seeded(Net()), Net(), ROWS, quantity, name)
        assert {name for name, _ in all_causes(suspect)} <= {"own_backward", "other_computation"}
    suspect = known(seeded(nn.Sequential(Norm())).train(), nn.Sequential(Norm()), IMAGE, BUFFER, "0.running_var")
    assert [name for name, _ in all_causes(suspect)] == ["other_computation"]


TARGET = noise(6, 5, seed=2)
LABELS = np.array([0, 4, 2, 1, 1, 3])


class Loss(nn.Module):
    """A loss that is a layer of a model."""

    def __init__(self, loss):
        super().__init__()
        self.loss = loss

    def forward(self, x, target):
        return self.loss(x, target)


class Sum(nn.Module):
    """No layer that anybody knows; `change` turns the terms into what is returned."""

    def __init__(self, change):
        super().__init__()
        self._change = change

    def forward(self, x, target):
        return self._change((x - target).square(), x.cos().sum(), x.sin().sum())


@pytest.mark.parametrize(
    ("name", "right", "wrong", "target", "words"),
    [
        ("reduction", nn.MSELoss(reduction="sum"), nn.MSELoss(), TARGET, "reduction is 'mean' instead of 'sum'"),
        ("loss_setting", nn.SmoothL1Loss(beta=1.0), nn.SmoothL1Loss(beta=0.25), TARGET, "beta is 0.25"),
        ("loss_setting", nn.CrossEntropyLoss(), nn.CrossEntropyLoss(label_smoothing=0.1), LABELS, "smoothing is 0.1"),
        ("other_loss", nn.MSELoss(), nn.L1Loss(), TARGET, "L1Loss instead of MSELoss"),
        (
            "shifted_labels",
            nn.CrossEntropyLoss(),
            patched(nn.CrossEntropyLoss(), lambda m, x, t: F.cross_entropy(x, (t - 1) % 5)),
            LABELS % 4 + 1,
            "labels are shifted by -1",
        ),
        (
            "class_weights_left_out",
            nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2, 3, 4, 5])),
            patched(nn.CrossEntropyLoss(weight=torch.ones(5)), lambda m, x, t: F.cross_entropy(x, t)),
            LABELS,
            "does not weight the classes",
        ),
        ("mean_instead_of_sum", Sum(lambda y, a, b: y.sum()), Sum(lambda y, a, b: y.mean()), TARGET, "sum over 30"),
        ("mean_instead_of_sum", Sum(lambda y, a, b: y.mean()), Sum(lambda y, a, b: y.sum()), TARGET, "mean over 30"),
        ("reversed_loss", Sum(lambda y, a, b: y.sum()), Sum(lambda y, a, b: -y.sum()), TARGET, "opposite sign"),
        ("weighted_loss", Sum(lambda y, a, b: y.sum()), Sum(lambda y, a, b: 0.35 * y.sum()), TARGET, "0.35 times"),
        (
            "missing_term",
            Sum(lambda y, a, b: (y.sum() + a + b, a, b)),
            Sum(lambda y, a, b: (y.sum() + a, a, b)),
            TARGET,
            "output 0 lacks the term output 2",
        ),
    ],
)
def test_a_loss(name, right, wrong, target, words):
    found = torch_pair(Loss(right).eval(), Loss(wrong), (ROWS, target), tells_settings=False)
    assert found.result.first_fault.key == "loss"
    causes = found.causes
    assert next(iter(causes)) == name, causes
    assert words in causes[name]


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        (lambda y, x: y.detach() + x, lambda y, x: y + x, "a gradient flows where the reference stops it"),
        (lambda y, x: y + x, lambda y, x: Scale.apply(y, lambda g: g * 1.5) + x, "1.5 times the reference's"),
        (lambda y, x: y + x, lambda y, x: Scale.apply(y, lambda g: g + g**3) + x, "its backward pass"),
    ],
)
def test_what_only_float32_shows_of_a_gradient_is_not_taken_for_poor_numerics(right, wrong, words):
    """The gradient that a layer hands back is compared in float32 alone; that of its output, in float64, is right."""
    result = compared(seeded(Net(right)), Net(wrong), ROWS)
    assert result.first_fault.path == ""
    assert result.first_fault.own_fault
    assert words in result.cause


class InFloat32(nn.Module):
    """The identity, whose backward pass goes through float32, or does not."""

    def __init__(self, through):
        super().__init__()
        self._through = through

    def forward(self, x):
        return Scale.apply(x, lambda g: g.float().to(g.dtype)) if self._through else x * 1


def rounding(y, x):
    return Scale.apply(y, lambda g: g.float().to(g.dtype)) + x


def test_a_containers_own_backward_pass_that_only_float64_shows_is_not_blamed_on_the_layer_before_it():
    result = compared(seeded(Net()), Net(rounding), ROWS)
    assert (result.first_fault.quantity, result.first_fault.path) == (ACTIVATION, "")
    assert "hands back to linear" in result.first_fault.reason
    assert "stays in float32" in result.cause
    inner = [nn.Sequential(nn.Linear(5, 5), Net(join), nn.Linear(5, 5)) for join in (lambda y, x: y + x, rounding)]
    assert compared(seeded(inner[0]), inner[1], ROWS).first_fault.path == "1"


def test_a_leafs_own_backward_pass_that_only_float64_shows():
    right, wrong = (nn.Sequential(nn.Linear(5, 5), InFloat32(it), nn.Linear(5, 5)) for it in (False, True))
    result = compared(seeded(right), wrong, ROWS)
    assert result.first_fault.path == "1"
    assert "stays in float32" in result.cause
    assert not compared(seeded(right), right, ROWS).first_fault


class Words(nn.Module):
    """An embedding and the layer that names words again, which may share their weight."""

    def __init__(self, *, tied):
        super().__init__()
        self.embedding = nn.Embedding(7, 4)
        self.middle = nn.Linear(4, 4)
        self.out = nn.Linear(4, 7, bias=False)
        if tied:
            self.out.weight = self.embedding.weight

    def forward(self, x):
        return self.out(torch.tanh(self.middle(self.embedding(x))))


@pytest.mark.parametrize(
    ("tied", "words"),
    [
        (True, "are one tensor in the reference and two in the candidate: tie them"),
        (False, "are two tensors in the reference and one in the candidate: do not tie them"),
    ],
)
@pytest.mark.parametrize("name", ["embedding.weight", "out.weight"])
def test_tied_parameters(tied, words, name):
    reference = seeded(Words(tied=tied))
    with torch.no_grad():
        reference.out.weight.copy_(reference.embedding.weight)
    tokens = np.arange(12).reshape(3, 4) % 7
    assert f"embedding.weight and out.weight {words}" in compared(reference, Words(tied=not tied), tokens).cause
    causes = dict(all_causes(known(reference, Words(tied=not tied), tokens, PARAMETER, name, own_fault=False)))
    assert next(iter(causes)) == "tied_parameters", causes


def test_tied_parameters_of_float32_runs():
    reference, candidate = seeded(Words(tied=True)), Words(tied=False)
    candidate.load_state_dict(reference.state_dict())
    runs = (TorchAdapter().record(one, np.arange(7), dtype="float32", backward=True) for one in (reference, candidate))
    result = compare(Runs(**dict(zip(("reference32", "candidate32"), runs, strict=True))))
    assert "tie them" in result.cause


def test_equal_parameters_of_which_one_is_frozen_are_not_taken_for_tied():
    reference, candidate = seeded(Words(tied=False)), Words(tied=False)
    with torch.no_grad():
        reference.out.weight.copy_(reference.embedding.weight)
    reference.out.weight.requires_grad = False
    causes = dict(all_causes(known(reference, candidate, np.arange(7), PARAMETER, "out.weight", own_fault=False)))
    assert "tied_parameters" not in causes
    assert next(iter(causes)) == "through_stop_gradient", causes
