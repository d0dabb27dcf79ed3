"""Parameters that are wrong: what became of them."""

import pytest
import torch
from torch import nn

from alignment_tests.jtmigrate.compare.causes.faults import noise, seeded, torch_pair
from jtmigrate.compare.causes import parameters


class Net(nn.Module):
    def __init__(self, bias=True, extra=False):
        super().__init__()
        self.stem = nn.Conv2d(3, 3, 3, bias=bias)
        self.norm = nn.BatchNorm2d(3)
        if extra:
            self.stem.scale = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return self.norm(self.stem(x))


IMAGE = noise(2, 3, 8, 8)


def bfloat16(tensor):
    return tensor.bfloat16().float()


def first_value(tensor):
    changed = tensor.clone()
    changed.view(-1)[5] += 0.25
    return changed


def turned(tensor):
    return tensor.reshape(-1).roll(7).reshape(tensor.shape)


@pytest.mark.parametrize(
    ("name", "parameter", "change", "words"),
    [
        ("transposed_parameter", "stem.weight", lambda t: t.transpose(0, 1), "stem.weight is transposed"),
        ("transposed_parameter", "stem.weight", lambda t: t.transpose(2, 3), "axes (0, 1, 3, 2)"),
        ("reversed_parameter", "stem.weight", lambda t: t.flip(1), "BGR instead of RGB"),
        ("reversed_parameter", "stem.weight", lambda t: t.flip(2, 3), "flipped along axes (2, 3)"),
        ("rounded_parameter", "stem.weight", lambda t: t.half().float(), "float16"),
        ("rounded_parameter", "stem.weight", bfloat16, "bfloat16"),
        ("unset_parameter", "norm.running_var", torch.ones_like, "1 everywhere"),
        ("unset_parameter", "stem.bias", torch.zeros_like, "0 everywhere"),
        ("reordered_parameter", "stem.weight", turned, "another order"),
        ("scaled_parameter", "stem.weight", lambda t: -t, "-1 times"),
        ("scaled_parameter", "stem.weight", lambda t: t / 3, "1/3 of"),
        ("deviation_for_variance", "norm.running_var", torch.sqrt, "the root of"),
        ("few_values_differ", "stem.weight", first_value, "1 of 81 values, first at (0, 0, 1, 2)"),
        (
            "parameter_differs",
            "stem.weight",
            lambda t: t * torch.linspace(1, 2, 81).reshape(3, 3, 3, 3),
            "stem.weight differs by",
        ),
        ("parameter_differs", "norm.weight", lambda t: t * float("nan"), "norm.weight has NaN"),
    ],
)
def test_a_changed_parameter(name, parameter, change, words):
    reference, candidate = seeded(Net()), Net()
    state = {key: tensor.clone() for key, tensor in reference.state_dict().items()}
    state[parameter] = torch.as_tensor(change(state[parameter]), dtype=torch.float32).contiguous()
    candidate.load_state_dict(state)
    found = torch_pair(reference, candidate, IMAGE, copies=False)
    assert found.result.first_fault.path == parameter.rpartition(".")[0]
    assert next(iter(found.causes)) == name, found.causes
    assert words in found.result.cause


def test_exchanged_parameters():
    reference, candidate = seeded(Net()), Net()
    state = reference.state_dict()
    swapped = {"norm.weight": state["norm.bias"].clone(), "norm.bias": state["norm.weight"].clone()}
    candidate.load_state_dict({**state, **swapped})
    found = torch_pair(reference, candidate, IMAGE, copies=False)
    assert next(iter(found.causes)) == "parameter_of_another_name"
    assert found.result.cause == "its parameter norm.weight holds the values of norm.bias"


def test_a_missing_bias():
    found = torch_pair(seeded(Net()), Net(bias=False), IMAGE)
    assert found.result.first_fault.key == "stem"
    assert next(iter(found.causes)) == "missing_parameter"
    assert found.result.cause == "its bias is missing: the reference has one"


def test_a_bias_too_many():
    candidate = seeded(Net(), seed=1)
    reference = seeded(Net(bias=False))
    found = torch_pair(reference, candidate, IMAGE)
    assert found.result.first_fault.key == "stem"
    assert next(iter(found.causes)) == "extra_parameter"
    assert found.result.cause == "it has a bias, and the reference has none"


def test_right_parameters_are_not_accused():
    found = torch_pair(seeded(Net()), Net(), IMAGE)
    assert found.result
    for layer in found.result.layers:
        suspect = found.suspect_at(layer)
        assert not any(hypothesis(suspect) for hypothesis in parameters.HYPOTHESES)
        assert not parameters.missing_parameter(suspect)
        assert not parameters.extra_parameter(suspect)
