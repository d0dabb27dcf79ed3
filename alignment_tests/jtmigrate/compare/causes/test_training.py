"""Training steps of two PyTorch models, one of which trains differently, the reference's gradients given to both."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from alignment_tests.jtmigrate.compare.causes.faults import noise, seeded
from jtmigrate.compare.causes import all_causes
from jtmigrate.compare.evidence import suspect_of
from jtmigrate.compare.pairing import Runs
from jtmigrate.compare.result import Quantity, QuantityResult, Verdict
from jtmigrate.compare.steps import StepRuns
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.frameworks.training import Training, train

BATCHES = [noise(6, 5, seed=seed) for seed in range(4)]
FAULTY = 2


def model():
    return nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 2))


def grouped(net, decay=0.1, bias_decay=0.0):
    """Weights are decayed and biases are not, as is usual."""
    named = list(net.named_parameters())
    weights, biases = ([one for name, one in named if name.endswith(end)] for end in ("weight", "bias"))
    return [{"params": weights, "weight_decay": decay}, {"params": biases, "weight_decay": bias_decay}]


def adamw(**options):
    return lambda net: torch.optim.AdamW(grouped(net), **{"lr": 1e-2, **options})


def adam(net):
    return torch.optim.Adam(grouped(net), lr=1e-2)


def sgd(**options):
    return lambda net: torch.optim.SGD(net.parameters(), **{"lr": 1e-2, "momentum": 0.9, **options})


def clip(limit):
    def clipped(optimizer):
        parameters = [one for group in optimizer.param_groups for one in group["params"]]
        return torch.nn.utils.clip_grad_norm_(parameters, limit)

    return clipped


def clip_by_value(limit):
    def clipped(optimizer):
        parameters = [one for group in optimizer.param_groups for one in group["params"]]
        norm = torch.nn.utils.get_total_norm([one.grad for one in parameters])
        torch.nn.utils.clip_grad_value_(parameters, limit)
        return norm

    return clipped


def accumulated(optimizer):
    for group in optimizer.param_groups:
        for one in group["params"]:
            one.grad *= 0.25


class Coupled(torch.optim.AdamW):
    """AdamW that decays in the gradient."""

    def step(self):
        for group in self.param_groups:
            for one in group["params"]:
                one.grad = one.grad + group["weight_decay"] * one.detach()
        kept = [group["weight_decay"] for group in self.param_groups]
        for group in self.param_groups:
            group["weight_decay"] = 0.0
        super().step()
        for group, decay in zip(self.param_groups, kept, strict=True):
            group["weight_decay"] = decay


class Twice(torch.optim.SGD):
    def step(self):
        super().step()
        super().step()


class OtherRate(torch.optim.SGD):
    def step(self):
        self.param_groups[0]["lr"] *= 1.7
        super().step()
        self.param_groups[0]["lr"] /= 1.7


class Uncorrected(torch.optim.AdamW):
    """Adam without bias correction."""

    @torch.no_grad()
    def step(self):
        before = {one: one.clone() for group in self.param_groups for one in group["params"]}
        super().step()
        for group in self.param_groups:
            for one in group["params"]:
                state = self.state[one]
                start = before[one] * (1 - group["lr"] * group["weight_decay"])
                one.copy_(start - group["lr"] * state["exp_avg"] / (state["exp_avg_sq"].sqrt() + group["eps"]))


class Still(torch.optim.SGD):
    """A step that leaves the first parameter alone."""

    @torch.no_grad()
    def step(self):
        first = self.param_groups[0]["params"][0]
        before = first.clone()
        super().step()
        first.copy_(before)


class Dampened(torch.optim.SGD):
    """Dampening of the first gradient too."""

    def step(self):
        for one in self.param_groups[0]["params"]:
            if "momentum_buffer" not in self.state.get(one, {}):
                one.grad *= 1 - self.param_groups[0]["dampening"]
        super().step()


class Plain(torch.optim.AdamW):
    """AdamW by name, gradient descent by what it does."""

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for one in group["params"]:
                one -= group["lr"] * (one.grad + group["weight_decay"] * one)


class EpsInside(torch.optim.AdamW):
    """eps under the root."""

    @torch.no_grad()
    def step(self):
        before = {one: one.clone() for group in self.param_groups for one in group["params"]}
        super().step()
        for group in self.param_groups:
            for one in group["params"]:
                state, (beta1, beta2) = self.state[one], group["betas"]
                average = state["exp_avg"] / (1 - beta1 ** state["step"])
                root = (state["exp_avg_sq"] / (1 - beta2 ** state["step"]) + group["eps"]).sqrt()
                one.copy_(before[one] * (1 - group["lr"] * group["weight_decay"]) - group["lr"] * average / root)


def halving(optimizer):
    return torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)


class Late:
    """A schedule whose first step does nothing."""

    def __init__(self, optimizer):
        self.schedule, self.started = halving(optimizer), False

    def step(self):
        if self.started:
            self.schedule.step()
        self.started = True


class Idle:
    def __init__(self, optimizer):
        pass

    def step(self):
        pass


def suspect(reference, candidate, quantity=Quantity.UPDATE, step=FAULTY, name="0.weight"):
    """What is known about a fault in a step that both take from the reference's state with its gradients."""
    adapter = TorchAdapter()
    ours = train(adapter, seeded(model()), reference, BATCHES)
    theirs = train(adapter, seeded(model()), candidate, BATCHES, teacher=ours, led="gradients")
    trace = adapter.record(seeded(model()), BATCHES[0])
    fault = QuantityResult(quantity, name, "0", 0, (4, 5), step, verdict=Verdict.MISMATCH, reason="")
    runs = Runs(reference32=trace, candidate32=trace)
    return suspect_of(fault, runs, steps=StepRuns(ours, led32=theirs, given32=theirs))


CASES = [
    ("other_optimizer", Training(adamw()), Training(adam), "Adam instead of AdamW"),
    (
        "decay_on_the_wrong_parameters",
        Training(adamw()),
        Training(lambda net: torch.optim.AdamW(grouped(net, bias_decay=0.1), lr=1e-2)),
        "decays 0.bias (weight decay 0.1), which the reference excludes",
    ),
    (
        "decay_on_the_wrong_parameters",
        Training(adamw()),
        Training(lambda net: torch.optim.AdamW(grouped(net, decay=0.0), lr=1e-2)),
        "does not decay 0.weight",
    ),
    ("learning_rate", Training(sgd()), Training(sgd(lr=0.1)), "0.1 instead of 0.01, 10 times the reference's"),
    ("off_by_one_schedule", Training(sgd(), None, halving), Training(sgd(), None, Late), "off by one, one step late"),
    ("constant_schedule", Training(sgd(), None, halving), Training(sgd(lr=3e-2), None, Idle), "rate stays 0.03"),
    (
        "not_in_the_optimizer",
        Training(sgd()),
        Training(lambda net: torch.optim.SGD(net[2].parameters(), lr=1e-2, momentum=0.9)),
        "0.weight is not given to the optimizer",
    ),
    ("other_option", Training(adamw()), Training(adamw(betas=(0.9, 0.99))), "betas is (0.9, 0.99)"),
    ("other_option", Training(adamw()), Training(adamw(eps=1e-4)), "eps is 0.0001 instead of 1e-08"),
    ("other_option", Training(sgd()), Training(sgd(momentum=0.8)), "momentum is 0.8 instead of 0.9"),
    ("coupled_decay", Training(adamw()), Training(lambda net: Coupled(grouped(net), lr=1e-2)), "coupled instead of"),
    ("bias_correction", Training(adamw()), Training(lambda net: Uncorrected(grouped(net), lr=1e-2)), "bias corrected"),
    (
        "stepped_twice",
        Training(sgd()),
        Training(lambda net: Twice(net.parameters(), lr=1e-2, momentum=0.9)),
        "stepped twice",
    ),
    (
        "fitted_option",
        Training(sgd()),
        Training(lambda net: OtherRate(net.parameters(), lr=1e-2, momentum=0.9)),
        "learning rate acts as 0.017 instead of 0.01",
    ),
    (
        "not_stepped",
        Training(sgd()),
        Training(lambda net: Still(net.parameters(), lr=1e-2, momentum=0.9)),
        "0.weight is not stepped at all",
    ),
    (
        "other_step",
        Training(adamw()),
        Training(lambda net: Plain(grouped(net), lr=1e-2)),
        "steps like SGD instead of AdamW",
    ),
    (
        "place_of_eps",
        Training(adamw(eps=1e-4)),
        Training(lambda net: EpsInside(grouped(net), lr=1e-2, eps=1e-4)),
        "eps inside the root",
    ),
    ("clipping", Training(adamw(), clip(0.01)), Training(adamw(), clip(1e9)), "are not clipped"),
    ("clipping", Training(sgd(), clip(0.01)), Training(sgd(), clip(0.02)), "norm of 0.02 instead of 0.01"),
    ("clipping", Training(sgd(), clip(1e9)), Training(sgd(), clip(0.02)), "0.02 and the reference's are not"),
    ("clipping_by_value", Training(sgd(), clip(0.01)), Training(sgd(), clip_by_value(0.005)), "by value, to 0.005"),
    ("scaled_gradients", Training(sgd()), Training(sgd(), accumulated), "1/4 of the gradients"),
    ("nesterov", Training(sgd()), Training(sgd(nesterov=True)), "nesterov is True instead of False"),
    ("ascending", Training(sgd(momentum=0)), Training(sgd(momentum=0, maximize=True)), "up the gradient"),
]


@pytest.mark.parametrize(("name", "reference", "candidate", "words"), CASES, ids=[case[0] for case in CASES])
def test_a_step(name, reference, candidate, words):
    causes = dict(all_causes(suspect(reference, candidate)))
    assert name in causes, causes
    assert words in causes[name]
    if name not in ("ascending", "nesterov"):  # the option tells it first
        assert next(iter(causes)) == name, causes


@pytest.mark.parametrize("training", [Training(adamw(), clip(0.01)), Training(sgd(), None, halving)])
def test_the_same_training_has_no_cause(training):
    for quantity in (Quantity.UPDATE, Quantity.MOMENT, Quantity.LEARNING_RATE, Quantity.CLIP_NORM, Quantity.LOSS):
        assert [name for name, _ in all_causes(suspect(training, training, quantity))] == ["other_computation"]


class Unused(nn.Module):
    """A layer whose weight has no gradient: torch's optimizers leave it as it is, this candidate's does not."""

    def __init__(self):
        super().__init__()
        self.gate, self.out = nn.Linear(5, 5), nn.Linear(5, 2)

    def forward(self, x):
        return self.out(x * self.gate(x).detach())


class Everything(torch.optim.AdamW):
    """AdamW of all that it is given, as Jittor's."""

    def step(self):
        for group in self.param_groups:
            for one in group["params"]:
                one.grad = torch.zeros_like(one) if one.grad is None else one.grad
        super().step()


def unused(candidate, quantity, name, step=1):
    """What is known about a fault of a step, where `candidate` trains a model with a layer that has no gradient."""
    adapter = TorchAdapter()
    reference = Training(adamw(), None, halving)
    ours = train(adapter, seeded(Unused()), reference, BATCHES)
    theirs = train(adapter, seeded(Unused()), candidate, BATCHES, teacher=ours, led="gradients")
    trace = adapter.record(seeded(Unused()), BATCHES[0])
    fault = QuantityResult(quantity, name, "", 0, (), step, verdict=Verdict.MISMATCH, reason="")
    return suspect_of(
        fault, Runs(reference32=trace, candidate32=trace), steps=StepRuns(ours, led32=theirs, given32=theirs)
    )


def test_a_parameter_without_gradient_that_is_decayed():
    candidate = Training(lambda net: Everything(grouped(net), lr=1e-2), None, halving)
    causes = dict(all_causes(unused(candidate, Quantity.UPDATE, "gate.weight")))
    assert next(iter(causes)) == "stepped_without_gradient", causes
    words = "gate.weight has no gradient in the reference, which leaves it as it is; here it is decayed: stop_grad() it"
    assert causes["stepped_without_gradient"] == words
    assert "stepped_without_gradient" not in dict(all_causes(unused(candidate, Quantity.UPDATE, "out.weight")))


def test_a_cause_is_about_the_faulty_quantity():
    """Another one that differs as well, in a later step say, is not what was measured."""

    def late(net):
        return Everything(grouped(net), lr=1e-2)

    candidate = Training(late, None, Late)
    causes = dict(all_causes(unused(candidate, Quantity.UPDATE, "gate.weight", step=0)))
    assert list(causes) == ["stepped_without_gradient", "other_computation"], causes
    norm = dict(all_causes(unused(candidate, Quantity.CLIP_NORM, "all parameters")))
    assert list(norm) == ["other_computation"], norm
    rate = dict(all_causes(unused(candidate, Quantity.LEARNING_RATE, "lr")))
    assert next(iter(rate)) == "off_by_one_schedule", rate
    loss = dict(all_causes(unused(Training(sgd(lr=0.1)), Quantity.LOSS, "loss")))
    assert list(loss) == ["other_computation"], loss


def test_an_option_is_not_the_cause_of_another_one():
    candidate = Training(lambda net: torch.optim.AdamW(grouped(net, bias_decay=0.1), lr=1e-2, eps=1e-4))
    eps = dict(all_causes(suspect(Training(adamw()), candidate, Quantity.OPTION, name="eps")))
    assert next(iter(eps)) == "other_option"
    assert "eps is 0.0001" in eps["other_option"]
    decay = dict(all_causes(suspect(Training(adamw()), candidate, Quantity.OPTION, name="weight_decay")))
    assert next(iter(decay)) == "decay_on_the_wrong_parameters"


def test_a_dampened_first_step():
    options = {"lr": 1e-2, "momentum": 0.9, "dampening": 0.5}
    candidate = Training(lambda net: Dampened(net.parameters(), **options))
    causes = dict(all_causes(suspect(Training(sgd(dampening=0.5)), candidate, step=0)))
    assert "dampened_first_step" in causes, causes


def led_by(change, quantity=Quantity.PARAMETER_GRADIENT):
    """A suspect whose candidate's steps are the reference's, changed by `change(records)`."""
    found = suspect(Training(sgd()), Training(sgd()), quantity)
    steps = change(list(found.reference_steps))
    return replace(found, candidate_steps=tuple(steps))


def test_gradients_that_are_not_cleared():
    def keep(steps):
        first, before, here, *rest = steps
        summed = {name: array + before.gradients[name] for name, array in here.gradients.items()}
        return [first, before, replace(here, gradients=summed), *rest]

    assert "not cleared" in dict(all_causes(led_by(keep)))["gradient_of_other_steps"]


def test_another_batch():
    def stale(steps):
        first, before, here, *rest = (replace(one, losses={"": np.array(float(one.step + 2))}) for one in steps)
        return [first, before, replace(here, losses=before.losses), *rest]

    found = led_by(stale, Quantity.LOSS)
    told = tuple(replace(one, losses={"": np.array(float(one.step + 2))}) for one in found.reference_steps)
    causes = dict(all_causes(replace(found, reference_steps=told)))
    assert "those of the reference's step 1" in causes["another_batch"]


def test_another_norm():
    def infinity(steps):
        def norm(one):
            return max(float(np.abs(array).max()) for array in one.gradients.values())

        return [replace(one, clip_norm=norm(one)) for one in steps]

    found = led_by(infinity, Quantity.CLIP_NORM)
    told = tuple(replace(one, clip_norm=1.0) for one in found.reference_steps)
    assert "infinity norm" in dict(all_causes(replace(found, reference_steps=told)))["other_norm"]
