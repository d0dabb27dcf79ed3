"""A module's own code: the right numbers at the wrong places, arithmetic, connections between children."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from alignment_tests.jtmigrate.compare.causes.faults import noise, seeded, torch_pair
from jtmigrate.compare.causes import all_causes

IMAGE = noise(2, 3, 8, 8)


class Leaf(nn.Module):
    """No layer that anybody knows: nothing but its answer tells what is wrong."""

    def __init__(self, change=lambda y: y):
        super().__init__()
        self._change = change

    def forward(self, x):
        return self._change(torch.cos(x) * 3 + x)


def single(change):
    return nn.Sequential(Leaf(change))


def dropout(y):
    kept = torch.tensor(noise(*y.shape, seed=9) > -0.5)
    return y * kept / 0.7


def one_off(y):
    y = y.clone()
    y[1, 2, 3, 4] += 1
    return y


def at_the_border(y):
    y = y.clone()
    y[:, :, 0] *= 1.5
    y[:, :, -1, 1:] += noise(7)
    return y


def in_a_channel(y):
    y = y.clone()
    y[:, 1] = torch.cos(5 * y[:, 1])
    return y


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("reversed_channels", lambda y: y.flip(1), "BGR instead of RGB"),
        ("flipped", lambda y: y.flip(3), "flipped along axis 3"),
        ("flipped", lambda y: y.flip(2, 3), "flipped along axes (2, 3)"),
        ("permuted_axes", lambda y: y.transpose(2, 3), "(0, 1, 3, 2)"),
        ("permuted_axes", lambda y: y.permute(0, 2, 3, 1), "(0, 2, 3, 1)"),
        ("repeated_sample", lambda y: y[:1].expand_as(y), "first one's values"),
        ("shifted", lambda y: y.roll(1, 2), "shifted by 1 along axis 2"),
        ("shifted", lambda y: F.pad(y, (1, -1)), "shifted by 1 along axis 3, the border aside"),
        ("shifted", lambda y: y.roll(1, 1), "blocks of channels"),
        ("rearranged", lambda y: y.reshape(2, 8, 8, 3), "reshaped"),
        ("rearranged", lambda y: y.permute(0, 2, 3, 1).reshape(2, 3, 8, 8), "permuted to (0, 2, 3, 1)"),
        ("reordered", lambda y: y.reshape(-1)[torch.randperm(384)].reshape(2, 3, 8, 8), "another order"),
        ("not_finite", lambda y: torch.sqrt(y - 1), "NaN at"),
        ("not_finite", lambda y: torch.where(y > 3.1, torch.inf, y), "infinity at"),
        ("zero_everywhere", torch.zeros_like, "zero everywhere"),
        ("reversed_sign", lambda y: -y, "sign is reversed"),
        ("constant_factor", lambda y: y / 255, "1/255 of the reference's"),
        ("constant_factor", lambda y: y * 1.0001, "1.0001 times"),
        ("constant_offset", lambda y: y + 0.5, "0.5 is added everywhere"),
        ("dropout_active", dropout, "p about 0.3"),
        ("activation_added", F.relu, "ReLU of the reference's"),
        ("clamped", lambda y: y.clamp(-1, 2), "clamped to [-1, 2]"),
        ("factor_by_channel", lambda y: y * torch.tensor([1.0, 2, 3])[:, None, None], "factor of its own"),
        ("offset_by_channel", lambda y: y + torch.tensor([1.0, 2, 3])[:, None, None], "missing or wrong bias"),
        ("rounded_answer", lambda y: y.half().to(y.dtype), "float16"),
        ("rounded_answer", lambda y: y.trunc(), "truncated to whole numbers"),
        ("only_at_some_places", one_off, "at 1 of 384 places only, first at (1, 2, 3, 4)"),
        ("only_at_some_places", at_the_border, "at the border only"),
        ("only_at_some_places", in_a_channel, "in channel 1 only"),
        ("other_computation", lambda y: torch.sin(3 * y), "something else"),
        ("another_kind_of_array", lambda y: y[:, :, :4], "shape (2, 3, 4, 8)"),
    ],
)
def test_an_unknown_layer(name, change, words):
    torch.manual_seed(0)
    found = torch_pair(single(lambda y: y), single(change), IMAGE)
    assert found.result.first_fault.key == "0"
    assert next(iter(found.causes)) == name, found.causes
    assert words in found.result.cause


def test_the_samples_of_a_batch_in_another_order():
    images = noise(5, 3, 4, 4)
    found = torch_pair(single(lambda y: y), single(lambda y: y[[0, 3, 1, 2, 4]]), images)
    assert next(iter(found.causes)) == "permuted_samples"
    assert "samples of the batch are in another order" in found.result.cause


def test_shuffled_channels():
    images = noise(2, 6, 4, 4)
    found = torch_pair(single(lambda y: y), single(lambda y: y[:, [0, 3, 1, 4, 2, 5]]), images)
    assert next(iter(found.causes)) == "permuted_channels"
    assert "channels are in another order" in found.result.cause


@pytest.mark.parametrize(
    ("name", "right", "wrong", "words"),
    [
        ("activation_missing", F.relu, lambda y: y, "ReLU"),
        ("activation_missing", F.silu, lambda y: y, "SiLU"),
        ("not_clamped", lambda y: y.clamp(-1, 2), lambda y: y, "not clamped to [-1, 2]"),
        ("finite", lambda y: torch.sqrt(y - 1), lambda y: torch.sqrt(y - 1).nan_to_num(), "reference has NaN"),
    ],
)
def test_something_is_left_out(name, right, wrong, words):
    found = torch_pair(single(right), single(wrong), IMAGE)
    assert next(iter(found.causes)) == name, found.causes
    assert words in found.result.cause


def test_a_layer_that_does_nothing():
    found = torch_pair(single(lambda y: y), nn.Sequential(nn.Identity()), IMAGE)
    assert found.result.first_fault.key == "0"
    assert next(iter(found.causes)) == "not_processed", found.causes
    assert "it is input 0 itself" in found.result.cause


class Block(nn.Module):
    """A residual block with a gate; `join` is the code under test."""

    def __init__(self, join):
        super().__init__()
        self.left, self.right, self.after = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 2, 1)
        self._join = join

    def forward(self, x):
        return self._join(self, x)


def plain(m, x):
    return m.after(F.relu(m.left(x)) + x)


FEATURES = noise(2, 4, 5, 5)


@pytest.mark.parametrize(
    ("name", "right", "wrong", "words"),
    [
        ("residual", plain, lambda m, x: m.after(F.relu(m.left(x))), "does not add input 0"),
        ("residual", plain, lambda m, x: m.after(F.relu(m.left(x)) - x), "subtracts instead of adding input 0"),
        ("residual", plain, lambda m, x: m.after(F.relu(m.left(x)) + 2 * x), "adds once too often input 0"),
        ("residual", plain, lambda m, x: m.after(F.relu(m.left(x)) + 0.5 * x), "-0.5 times input 0 is added"),
        ("not_processed", plain, lambda m, x: (m.left(x), m.after(x))[1], "it is input 0 itself"),
        (
            "not_processed",
            lambda m, x: m.after(F.relu(m.left(x))),
            lambda m, x: m.after(m.left(x)),
            "missing activation, the reference's is ReLU of the answer of 0.left",
        ),
        (
            "other_residual",
            lambda m, x: m.after(m.left(x).sin() + m.right(x)),
            lambda m, x: (m.right(x), m.after(m.left(x).sin() + x))[1],
            "adds input 0 where the reference adds the answer of 0.right",
        ),
        (
            "product_of_branches",
            lambda m, x: m.after(m.left(x).sin() * m.right(x)),
            lambda m, x: (m.right(x), m.after(m.left(x).sin()))[1],
            "not multiplied by the answer of 0.right",
        ),
        (
            "swapped_concatenation",
            lambda m, x: (m.after(x), torch.cat([m.left(x), m.right(x)], 1).sin())[1],
            lambda m, x: (m.after(x), torch.cat([m.right(x), m.left(x)], 1).sin())[1],
            "concatenation along axis 1 are swapped",
        ),
        (
            "swapped_arguments",
            lambda m, x: (m.after(m.left(x)), m.right(x.cos()))[1],
            lambda m, x: (m.after(m.left(x.cos())), m.right(x))[1],
            "what it hands to 0.right and what it hands to 0.left are swapped",
        ),
        (
            "swapped_arguments",
            lambda m, x: (m.after(m.left(x)), m.left(x).sin(), m.right(x)),
            lambda m, x: (m.after(m.left(x)), m.right(x), m.left(x).sin()),
            "output 1 and output 2 are swapped",
        ),
        ("calls_other_children", plain, lambda m, x: m.after(m.right(x) + x), "calls 0.right unlike the reference"),
        (
            "glue_code",
            plain,
            lambda m, x: m.after(torch.cos(m.left(x) * x)),
            "between the calls of its children",
        ),
    ],
)
def test_a_container(name, right, wrong, words):
    found = torch_pair(seeded(nn.Sequential(Block(right))), nn.Sequential(Block(wrong)), FEATURES)
    assert found.result.first_fault.key == "0"
    assert next(iter(found.causes)) == name, found.causes
    assert words in found.result.cause


class Shrinking(nn.Module):
    """One activation, called on two shapes by `join`."""

    def __init__(self, join):
        super().__init__()
        self.act, self.linear = nn.ReLU(), nn.Linear(4, 2)
        self._join = join

    def forward(self, x):
        return self._join(self, x)


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        (
            lambda m, x: m.act(m.linear(m.act(x)) + 0.3),
            lambda m, x: m.act(m.linear(x) + 0.3) * torch.ones(6, 2),
            "its own code calls 0.act 1 time instead of 2",
        ),
        (
            lambda m, x: m.linear(m.act(x)),
            lambda m, x: m.act(m.linear(m.act(x))),
            "its own code calls 0.act once more than the reference",
        ),
    ],
)
def test_a_child_that_is_called_less_or_more_often(right, wrong, words):
    """The replay may give the answer of the first call, of another shape, and raise: that is not the port's doing."""
    found = torch_pair(seeded(nn.Sequential(Shrinking(right))), nn.Sequential(Shrinking(wrong)), noise(6, 4))
    assert found.result.first_fault.key == "0"
    assert next(iter(found.causes)) == "calls_other_children", found.causes
    assert found.result.cause == words
    assert found.result.first_fault.reason in words


def answer(m, x):
    y = m.linear(x)
    return {"logits": y, "lm": y.sin(), "states": [y.cos(), y.tan()], "n": y.sum()}


def without(*names):
    return lambda found: {name: each for name, each in found.items() if name not in names}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without("lm"), "it lacks output lm"),
        (without("lm", "n"), "it lacks output lm, n"),
        (lambda found: {**found, "states": found["states"][:1]}, "it lacks output states.1"),
        (lambda found: {**found, "dbg": found["n"] * 2}, "it returns dbg too"),
        (lambda found: {**found, "n": 1.5}, "it returns n as a plain number, not as an array"),
        (lambda found: tuple(found.values())[:3], "it returns 4 arrays instead of 5"),
        (lambda found: found["lm"], "it returns 1 array instead of 5"),
    ],
)
def test_outputs_that_are_missing_or_too_many(change, words):
    reference = seeded(nn.Sequential(Shrinking(answer)))
    found = torch_pair(reference, nn.Sequential(Shrinking(lambda m, x: change(answer(m, x)))), noise(6, 4))
    assert found.result.first_fault.key == "0"
    assert next(iter(found.causes)) == "other_number_of_arrays", found.causes
    assert words in found.result.cause
    assert found.result.first_fault.reason == found.result.cause.removeprefix("it ")


class Mask(nn.Module):
    def forward(self, x, mask=None):
        return x if mask is None else x * mask


def test_arrays_that_a_child_is_not_handed():
    def pair(join):
        block = Shrinking(join)
        block.act = Mask()
        return nn.Sequential(block)

    reference = seeded(pair(lambda m, x: m.linear(m.act(x, torch.ones(4)))))
    found = torch_pair(reference, pair(lambda m, x: m.linear(m.act(x))), noise(6, 4))
    assert next(iter(found.causes)) == "other_number_of_arrays", found.causes
    assert found.result.cause == "it hands 1 array to 0.act instead of 2"


def counting(deviation):
    """The code of a layer that adds to what it returns with every call but the first two."""
    calls = [0]

    def join(m, x):
        calls[0] += 1
        return m.act(m.linear(x)) + deviation * max(0, calls[0] - 2)

    return join


def test_a_layer_with_state_of_its_own():
    reference = seeded(nn.Sequential(Shrinking(counting(0))))
    found = torch_pair(reference, nn.Sequential(Shrinking(counting(1.0))), noise(6, 4))
    assert found.result.first_fault.key == "0"
    assert next(iter(found.causes)) == "differs_when_repeated", found.causes
    assert "not the same when run twice: it keeps state between calls" in found.result.cause


def test_a_layer_that_is_wrong_in_the_whole_run_too_is_not_taken_for_one_with_state():
    reference = seeded(nn.Sequential(Shrinking(counting(0))))
    found = torch_pair(reference, nn.Sequential(Shrinking(lambda m, x: m.act(m.linear(x)) + 1)), noise(6, 4))
    assert "differs_when_repeated" not in found.causes
    assert next(iter(found.causes)) == "constant_offset", found.causes


def test_an_exception_where_all_children_are_called_as_often():
    whole_runs = [1, 2]

    def join(m, x):
        whole_runs.pop()
        return m.linear(x)

    reference = seeded(nn.Sequential(Shrinking(lambda m, x: m.linear(x))))
    found = torch_pair(reference, nn.Sequential(Shrinking(join)), noise(6, 4))
    assert found.result.cause.startswith("its own code raised IndexError: pop from empty list (")


def test_reversed_input_channels_of_a_whole_run():
    reference = seeded(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()))
    candidate = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    found = torch_pair(reference, candidate, IMAGE, call=lambda model, x: model(x.flip(1)))
    assert found.result.first_fault.key == ""
    assert "what it hands to 0: its three channels are reversed along axis 1, BGR instead of RGB" in found.result.cause


def test_right_code_has_no_cause():
    found = torch_pair(seeded(nn.Sequential(Block(plain))), nn.Sequential(Block(plain)), FEATURES)
    assert found.result.first_fault is None
    for layer in found.result.layers:
        assert set(dict(all_causes(found.suspect_at(layer)))) <= {"glue_code", "other_computation"}
