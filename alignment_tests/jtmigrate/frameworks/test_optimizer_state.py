"""Optimizer state read in one framework and written in the other: training goes on as if nothing had happened.

Tolerances are those of 6 steps in terms of a tensor's maximum: some roundings a step.
"""

from dataclasses import replace

import jittor as jt
import numpy as np
import pytest
import torch

from alignment_tests.jtmigrate.frameworks import optimizers as both
from alignment_tests.jtmigrate.frameworks.optimizers import EVERYWHERE, PARITY_ONLY
from jtmigrate.errors import UserError
from jtmigrate.frameworks import jittor_optimizer, torch_optimizer
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.parity import optim as parity

LIMITS = {"float32": 1e-6, "float64": 1e-12}

# Stock Jittor in float32 only: in float64 its moments become float32.
CASES = [
    *((name, *case, False, dtype) for name, case in (EVERYWHERE | PARITY_ONLY).items() for dtype in LIMITS),
    *((name, *case, True, "float32") for name, case in EVERYWHERE.items()),
]
every_case = pytest.mark.parametrize(
    ("kind", "options", "stock", "dtype"),
    [case[1:] for case in CASES],
    ids=[f"{name}-{'stock' if stock else 'parity'}-{dtype}" for name, _, _, stock, dtype in CASES],
)


@every_case
def test_from_torch_to_jittor_and_on(kind: str, options: dict, stock: bool, dtype: str) -> None:
    reference, port = both.models(dtype)
    original = both.torch_optimizer(kind, options, reference, groups=True)
    both.torch_steps(original, reference, both.gradients(0, dtype, 3))

    JittorAdapter().load_state(port, TorchAdapter().state(reference))
    copy = both.jittor_optimizer(kind, {}, port, groups=True, stock=stock)
    state = torch_optimizer.read_optimizer(original, reference)
    jittor_optimizer.write_optimizer(copy, port, state)
    both.assert_same_state(jittor_optimizer.read_optimizer(copy, port), state, 0.0)

    both.torch_steps(original, reference, both.gradients(1, dtype, 3))
    both.jittor_steps(copy, port, both.gradients(1, dtype, 3))
    both.assert_close(JittorAdapter().state(port), TorchAdapter().state(reference), LIMITS[dtype])
    expected = torch_optimizer.read_optimizer(original, reference)
    both.assert_same_state(jittor_optimizer.read_optimizer(copy, port), expected, LIMITS[dtype])


@every_case
def test_from_jittor_to_torch_and_on(kind: str, options: dict, stock: bool, dtype: str) -> None:
    reference, port = both.models(dtype)
    original = both.jittor_optimizer(kind, options, port, groups=True, stock=stock)
    both.jittor_steps(original, port, both.gradients(0, dtype, 3))

    TorchAdapter().load_state(reference, JittorAdapter().state(port))
    copy = both.torch_optimizer(kind, {}, reference, groups=True)
    state = jittor_optimizer.read_optimizer(original, port)
    torch_optimizer.write_optimizer(copy, reference, state)
    both.assert_same_state(torch_optimizer.read_optimizer(copy, reference), state, 0.0)

    both.jittor_steps(original, port, both.gradients(1, dtype, 3))
    both.torch_steps(copy, reference, both.gradients(1, dtype, 3))
    both.assert_close(JittorAdapter().state(port), TorchAdapter().state(reference), LIMITS[dtype])


def stepped(kind: str, options: dict, steps: int = 2):
    reference, port = both.models("float32")
    optimizer = both.torch_optimizer(kind, options, reference, groups=False)
    both.torch_steps(optimizer, reference, both.gradients(0, "float32", steps))
    return torch_optimizer.read_optimizer(optimizer, reference), reference, port


def test_a_parameter_that_joined_later_keeps_its_own_count() -> None:
    """hidden.* gets no gradient at first, as while it is frozen."""
    reference, port = both.models("float64")
    original = both.torch_optimizer("AdamW", both.ADAM, reference, groups=False)
    early, late = both.gradients(0, "float64", 2), both.gradients(1, "float64", 2)
    both.torch_steps(original, reference, [{name: a for name, a in g.items() if name[:3] == "out"} for g in early])
    state = torch_optimizer.read_optimizer(original, reference)
    assert set(state.slots) == {"out.weight", "out.bias"}
    JittorAdapter().load_state(port, TorchAdapter().state(reference))

    stock = both.jittor_optimizer("AdamW", {}, port, groups=False, stock=True)
    with pytest.raises(UserError, match=r"out\.weight was stepped 2 times and hidden\.weight 0 times"):
        jittor_optimizer.write_optimizer(stock, port, state)
    copy = both.jittor_optimizer("AdamW", {}, port, groups=False, stock=False)
    jittor_optimizer.write_optimizer(copy, port, state)
    both.torch_steps(original, reference, late)
    both.jittor_steps(copy, port, late)
    both.assert_close(JittorAdapter().state(port), TorchAdapter().state(reference), 1e-12)


@pytest.mark.parametrize("name", PARITY_ONLY)
def test_what_stock_jittor_has_no_place_for(name: str) -> None:
    kind, options = PARITY_ONLY[name]
    state, _, port = stepped(kind, options, steps=0)
    stock = both.jittor_optimizer(kind, {}, port, groups=False, stock=True)
    with pytest.raises(UserError, match=f"use jtmigrate.parity.optim.{kind}"):
        jittor_optimizer.write_optimizer(stock, port, state)


def test_what_does_not_fit() -> None:
    state, _, port = stepped("Adam", {})
    adam = both.jittor_optimizer("Adam", {}, port, groups=False, stock=False)
    before = jittor_optimizer.read_optimizer(adam, port)

    def refused(changed, message: str, optimizer=adam) -> None:
        with pytest.raises(UserError, match=message):
            jittor_optimizer.write_optimizer(optimizer, port, changed)

    group = state.groups[0]
    first = state.slots["hidden.weight"]
    refused(replace(state, kind="AdamW"), "the state is of AdamW, the optimizer is Adam")
    refused(replace(state, groups=(group, group)), "2 parameter groups, the optimizer 1")
    refused(
        replace(state, groups=(replace(group, names=("other", *group.names[1:])),), slots={}),
        r"1 missing from the state \(hidden.weight\); 1 not in the optimizer \(other\)",
    )
    refused(replace(state, slots={"other": first}), "slots of other")
    refused(replace(state, slots={"hidden.weight": {"step": first["step"]}}), "lacks exp_avg, exp_avg_sq")
    wrong = {**first, "exp_avg": np.zeros((6, 16), np.float32)}
    refused(replace(state, slots={"hidden.weight": wrong}), r"exp_avg of hidden.weight has shape \(6, 16\)")
    lossy = {**first, "exp_avg": np.full((16, 6), 0.1)}
    refused(replace(state, slots={"hidden.weight": lossy}), "is float64 and loses digits in the parameter's float32")
    both.assert_same_state(jittor_optimizer.read_optimizer(adam, port), before, 0.0)


def test_parameters_of_another_model() -> None:
    _, reference, port = stepped("SGD", {})
    other_reference, other_port = both.models("float32")
    with pytest.raises(UserError, match=r"parameter 0 \(16, 6\) of the optimizer's group 0 is not the model's"):
        torch_optimizer.read_optimizer(torch.optim.SGD(reference.parameters()), other_reference)
    with pytest.raises(UserError, match=r"parameter 0 \(16, 6\) of the optimizer's group 0 is not the model's"):
        jittor_optimizer.read_optimizer(parity.SGD(port.parameters()), other_port)


def test_parameters_in_a_dtype_that_numpy_lacks() -> None:
    _, reference, _ = stepped("SGD", {})
    with pytest.raises(UserError, match=r"hidden\.weight is torch\.bfloat16"):
        torch_optimizer.read_optimizer(torch.optim.SGD(reference.bfloat16().parameters()), reference)


def test_other_kinds_of_optimizer() -> None:
    _, reference, port = stepped("SGD", {})
    with pytest.raises(UserError, match="NAdam is not read"):
        torch_optimizer.read_optimizer(torch.optim.NAdam(reference.parameters()), reference)
    with pytest.raises(UserError, match="Adan is not read"):
        jittor_optimizer.read_optimizer(jt.optim.Adan(port.parameters()), port)


def test_the_optimizers_own_learning_rate_stays_where_schedules_find_it() -> None:
    state, _, port = stepped("AdamW", {"lr": 0.25})
    adamw = both.jittor_optimizer("AdamW", {}, port, groups=False, stock=False)
    jittor_optimizer.write_optimizer(adamw, port, state)
    assert adamw.lr == 0.25
    assert "lr" not in adamw.param_groups[0]
