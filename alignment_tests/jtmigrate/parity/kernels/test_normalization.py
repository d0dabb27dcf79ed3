"""Normalisation, on its own and with the LeakyReLU that follows it."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any
from unittest.mock import patch

import jittor as jt
import numpy as np
import pytest
import torch
import torch.nn.functional as torch_functional
from hypothesis import assume, given
from hypothesis import strategies as st

from alignment_tests.jtmigrate.parity.kernels.three_ways import (
    OUTPUT,
    SUMMED,
    assert_three_ways,
    assert_without,
    distance,
    drawing,
    in_jittor,
    in_torch,
    normal,
)
from jtmigrate.parity import functional as F
from jtmigrate.parity import kernels, nn

Norm = Callable[..., Any]
SLOPE = 0.1
EPS = st.sampled_from([1e-5, 1e-3, 1.0])
SIDES = st.integers(1, 17)
ALL = [0, 1, 2]
LEAKY = pytest.mark.parametrize("leaky", [False, True], ids=["alone", "with LeakyReLU"])


def used(leaky: bool) -> tuple[str, ...]:
    """Headers of the operators of a normalisation, alone or with a LeakyReLU behind it."""
    return ("normalization", "activation") if leaky else ("normalization",)


def norms(groups: int = 0, eps: float = 1e-5, leaky: bool = False) -> tuple[Norm, Norm]:
    """GroupNorm, or BatchNorm without groups, in Jittor and in PyTorch: functions of x, weight and bias."""

    def norm(module: Any, x: Any, weight: Any, bias: Any) -> Any:
        if groups:
            y = module.group_norm(x, groups, weight, bias, eps)
        else:
            y = module.batch_norm(x, None, None, weight, bias, training=True, eps=eps)
        return module.leaky_relu(y, SLOPE) if leaky else y

    return partial(norm, F), partial(norm, torch_functional)


def inputs(images: int, channels: int, *size: int, mean: float = 0.0) -> list[np.ndarray]:
    """x, weight and bias."""
    return [normal(images, channels, *size, mean=mean), normal(channels, seed=1), normal(channels, seed=2)]


@LEAKY
@given(st.integers(1, 4), st.integers(1, 20), SIDES, SIDES, EPS)
@drawing(25)
def test_batch_norm_equals_torch(leaky: bool, images: int, channels: int, height: int, width: int, eps: float) -> None:
    # Of two or three values the gradient by x is a difference of numbers a thousand times larger: rounding is left.
    assume(images * height * width > 3)
    arrays = inputs(images, channels, height, width)
    assert_three_ways(*norms(0, eps, leaky), *arrays, header=used(leaky), summed=ALL, plain=False)


@LEAKY
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 5), SIDES, SIDES, EPS)
@drawing(25)
def test_group_norm_equals_torch(
    leaky: bool, images: int, groups: int, channels: int, height: int, width: int, eps: float
) -> None:
    assume(channels * height * width > 3)
    arrays = inputs(images, groups * channels, height, width)
    assert_three_ways(*norms(groups, eps, leaky), *arrays, header=used(leaky), summed=ALL, plain=False)


@LEAKY
@pytest.mark.parametrize("groups", [0, 3], ids=["batch", "group"])
def test_equals_jittor(groups: int, leaky: bool) -> None:
    assert_three_ways(*norms(groups, leaky=leaky), *inputs(3, 12, 11, 13), header=used(leaky), summed=ALL)


@pytest.mark.parametrize("groups", [0, 2], ids=["batch", "group"])
@pytest.mark.parametrize("size", [(), (7,), (3, 4, 5)], ids=["no pixels", "a row", "a volume"])
def test_other_dimensions(groups: int, size: tuple[int, ...]) -> None:
    assert_three_ways(*norms(groups), *inputs(9, 8, *size), header="normalization", summed=ALL, plain=False)


@pytest.mark.parametrize("mean", [30.0, 3000.0])
@pytest.mark.parametrize("groups", [0, 2], ids=["batch", "group"])
def test_a_large_mean_costs_no_more_digits_than_in_torch(groups: int, mean: float) -> None:
    """The digits that x itself has lost, its spacing being 2.4e-4 at 3000, no implementation can bring back.

    Twice PyTorch's distance from the truth is allowed: roundings of the same size that fall differently.
    """
    port, original = norms(groups)
    arrays = inputs(4, 8, 20, 20, mean=mean)
    found = in_jittor(port, arrays)
    single, truth = (in_torch(original, arrays, dtype) for dtype in ("float32", "float64"))
    for own, theirs, exact in zip(found, single, truth, strict=True):
        assert distance(own, exact) <= max(OUTPUT, 2 * distance(theirs, exact))


@pytest.mark.skipif(torch.backends.cpu.get_cpu_capability() != "AVX512", reason="the order of sums is for AVX-512")
@pytest.mark.parametrize("shape", [(1, 24, 80, 80), (2, 58, 40, 40), (4, 96, 13, 13), (3, 7, 5, 3)])
def test_batch_norm_has_the_same_bits_as_torch_with_avx512(shape: tuple[int, ...]) -> None:
    for leaky in (False, True):
        port, original = norms(leaky=leaky)
        arrays = inputs(*shape, mean=0.3)
        assert np.array_equal(in_jittor(port, arrays)[0], in_torch(original, arrays)[0])


@pytest.mark.parametrize("shape", [(2, 6, 9, 10), (4, 6)], ids=str)
def test_running_statistics(shape: tuple[int, ...]) -> None:
    found = [jt.zeros(6), jt.ones(6)]
    expected = [torch.zeros(6), torch.ones(6)]
    for seed in range(3):
        x = normal(*shape, mean=seed, seed=seed)
        F.batch_norm(jt.array(x), *found, training=True, momentum=0.3).sync()
        torch_functional.batch_norm(torch.from_numpy(x), *expected, training=True, momentum=0.3)
    for own, theirs in zip(found, expected, strict=True):
        assert distance(own.numpy(), theirs.numpy()) <= OUTPUT


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(lambda x: F.group_norm(x, 2), id="group_norm without weight"),
        pytest.param(lambda x: F.group_norm(x, 2, jt.ones(4), None), id="group_norm without bias"),
        pytest.param(lambda x: F.instance_norm(x), id="instance_norm"),
        pytest.param(
            lambda x: F.batch_norm(x, jt.zeros(4), jt.ones(4), jt.ones(4), jt.zeros(4)), id="by running statistics"
        ),
    ],
)
def test_other_options_are_left_to_jittor(function: Callable) -> None:
    assert_without("normalization", lambda: function(jt.array(normal(2, 4, 3, 3))))


@pytest.mark.parametrize("groups", [0, 2], ids=["batch", "group"])
def test_float64_is_left_to_jittor(groups: int) -> None:
    with jt.flag_scope(auto_convert_64_to_32=0):
        x, weight, bias = (jt.array(array).float64() for array in inputs(2, 4, 3, 3))
        assert_without("normalization", lambda: norms(groups)[0](x, weight, bias))
        assert_without("normalization", lambda: norms(groups)[0](x.float32(), weight, bias))


def test_without_weight_and_bias() -> None:
    def norm(module: Any, x: Any) -> Any:
        return module.batch_norm(x, None, None, training=True)

    x = normal(2, 5, 7, 6)
    assert_three_ways(partial(norm, F), partial(norm, torch_functional), x, header="normalization", summed=[0])


@pytest.mark.parametrize("groups", [0, 3], ids=["batch", "group"])
@pytest.mark.parametrize("channels", [3, 5, 9], ids=["fewer", "one less", "more"])
def test_weights_that_do_not_fit(groups: int, channels: int) -> None:
    x, weight = jt.array(normal(2, 6, 3, 3)), jt.array(normal(channels))
    port, original = norms(groups)
    with pytest.raises(RuntimeError):
        original(*(torch.from_numpy(variable.numpy()) for variable in (x, weight, weight)))
    with pytest.raises((ValueError, RuntimeError)):
        port(x, weight, weight).sync()


@pytest.mark.parametrize("groups", [4, 12, 0, -2])
def test_groups_that_do_not_divide(groups: int) -> None:
    """PyTorch refuses each of them."""
    x, weight, bias = inputs(2, 6, 3, 3)
    with pytest.raises((RuntimeError, ZeroDivisionError)):
        torch_functional.group_norm(torch.from_numpy(x), groups, torch.from_numpy(weight), torch.from_numpy(bias))
    with pytest.raises((ValueError, RuntimeError, ZeroDivisionError)):
        F.group_norm(jt.array(x), groups, jt.array(weight), jt.array(bias)).sync()


def test_without_images() -> None:
    assert norms(2)[0](jt.zeros((0, 4, 3, 3)), jt.ones(4), jt.zeros(4)).numpy().shape == (0, 4, 3, 3)


def test_a_single_value_a_channel() -> None:
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        norms()[0](*map(jt.array, inputs(1, 4, 1, 1)))


# The LeakyReLU that is differentiated in one pass with the normalisation in front of it.


def test_one_pass_back_where_nothing_else_uses_the_output() -> None:
    def slopes(function: Callable[[jt.Var], jt.Var]) -> list[float]:
        """Of the LeakyReLU that the normalisation's gradient takes in; 1 is none."""
        with patch.object(jt, "code", wraps=jt.code) as code:
            x, weight, bias = map(jt.array, inputs(2, 4, 3, 3))
            jt.grad(function(norms()[0](x, weight, bias)).sum(), [x])
        calls = [call.kwargs for call in code.call_args_list]
        return [options["data"]["slope"] for options in calls if "norm_backward" in options["cpu_src"]]

    assert slopes(lambda y: F.leaky_relu(y, 0.1)) == [0.1]
    assert slopes(lambda y: F.leaky_relu(F.leaky_relu(y, 0.1), 0.2)) == [0.1]
    assert slopes(lambda y: F.leaky_relu(y, 0.1) + y) == [1]
    assert slopes(lambda y: F.leaky_relu(y, 0.1) + F.leaky_relu(y, 0.1)) == [1]
    assert slopes(lambda y: F.leaky_relu(y + 0, 0.1)) == [1]
    assert slopes(lambda y: F.sigmoid(y)) == [1]


def computed(function: Callable[..., Sequence[jt.Var]], groups: int, plain: bool) -> list[np.ndarray]:
    """Results, then gradients of their weighted sum by x, weight and bias, however these came about."""
    with kernels.plain() if plain else nullcontext():
        variables = [jt.array(array) for array in inputs(2, 6, 5, 4)]
        results = function(norms(groups)[0], *variables)
        total = sum((y * jt.array(normal(*y.shape, seed=3 + place))).sum() for place, y in enumerate(results))
        # Variables that were assigned to are others by now.
        return jt.fetch_sync([*results, *jt.grad(total, variables)])


def assert_as_plain(function: Callable[..., Sequence[jt.Var]], groups: int) -> None:
    found, expected = computed(function, groups, False), computed(function, groups, True)
    for own, other in zip(found, expected, strict=True):
        assert distance(own, other) <= SUMMED


def add(y: jt.Var) -> None:
    y += 1


def multiply(y: jt.Var) -> None:
    y *= -2


def set_item(y: jt.Var) -> None:
    y[0] = 0


CHANGES = {
    "y += 1": add,
    "y *= -2": multiply,
    "y[0] = 0": set_item,
    "assign": lambda y: y.assign(y * -1),
    "update": lambda y: y.update(y * -1),
    "swap": lambda y: y.swap(y * -1),
    "stop_grad": lambda y: y.stop_grad(),
    "register_hook": lambda y: y.register_hook(lambda gradient: gradient * 3),
    "nothing": lambda y: None,
    "sync": lambda y: y.sync(),
}


@pytest.mark.parametrize("groups", [0, 3], ids=["batch", "group"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_happens_to_the_normalised_counts(change: Callable[[jt.Var], None], groups: int) -> None:
    def function(norm: Norm, x: jt.Var, weight: jt.Var, bias: jt.Var) -> list[jt.Var]:
        y = norm(x, weight, bias)
        change(y)
        return [F.leaky_relu(y, SLOPE), x * 1, weight * 1, bias * 1]

    assert_as_plain(function, groups)


@pytest.mark.parametrize("groups", [0, 3], ids=["batch", "group"])
@pytest.mark.parametrize("changed", [0, 1, 2], ids=["x", "weight", "bias"])
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_what_happens_to_the_inputs_meanwhile_does_not(changed: int, late: bool, groups: int) -> None:
    """Before LeakyReLU, or after it."""

    def function(norm: Norm, *variables: jt.Var) -> list[jt.Var]:
        y = norm(*variables)
        if late:
            y = F.leaky_relu(y, SLOPE)
        add(variables[changed])
        return [y if late else F.leaky_relu(y, SLOPE), *(variable * 1 for variable in variables)]

    assert_as_plain(function, groups)


@pytest.mark.parametrize("groups", [0, 3], ids=["batch", "group"])
def test_both_outputs_are_used(groups: int) -> None:
    def function(norm: Norm, *variables: jt.Var) -> list[jt.Var]:
        y = norm(*variables)
        return [F.leaky_relu(y, SLOPE), y, F.leaky_relu(y, 0.5)]

    assert_as_plain(function, groups)


@pytest.mark.parametrize("groups", [0, 3], ids=["batch", "group"])
def test_the_output_alone_is_used_after_all(groups: int) -> None:
    def function(norm: Norm, *variables: jt.Var) -> list[jt.Var]:
        y = norm(*variables)
        F.leaky_relu(y, SLOPE)
        return [y]

    assert_as_plain(function, groups)


@pytest.mark.parametrize("groups", [0, 3], ids=["batch", "group"])
def test_the_gradient_by_the_normalised(groups: int) -> None:
    """What `jtmigrate diff --backward` asks for: the gradient by the output of a layer."""
    x, weight, bias = inputs(2, 6, 5, 4)

    def gradient() -> np.ndarray:
        y = norms(groups)[0](*map(jt.array, (x, weight, bias)))
        z = F.leaky_relu(y, SLOPE)
        return jt.grad((z * z).sum(), y).numpy()

    with kernels.plain():
        expected = gradient()
    assert distance(gradient(), expected) <= OUTPUT


@pytest.mark.parametrize("groups", [0, 3], ids=["batch", "group"])
def test_no_gradient_where_the_normalisation_has_none(groups: int) -> None:
    def function(norm: Norm, *variables: jt.Var) -> list[jt.Var]:
        with jt.no_grad():
            y = norm(*variables)
        return [F.leaky_relu(y, SLOPE), *(variable * 1 for variable in variables)]

    assert_as_plain(function, groups)


CONVOLUTIONS = {
    "pointwise": (normal(5, 6, 1, 1), {}),
    "depthwise": (normal(6, 1, 3, 3), {"groups": 6}),
    "dense": (normal(5, 6, 3, 3), {"padding": 1}),
}


@pytest.mark.parametrize("kind", CONVOLUTIONS)
@pytest.mark.parametrize("between", ["nothing", "y += 1", "afterwards"])
@pytest.mark.parametrize("leaky", [False, True])
def test_the_input_of_a_convolution_is_recalled(kind: str, between: str, leaky: bool) -> None:
    """For the gradient by its weight it is normalised anew."""
    weights, options = CONVOLUTIONS[kind]

    def gradients(module: Any, array: Callable, grad: Callable, x: Any, weight: Any, bias: Any) -> Sequence[Any]:
        taps = array(weights)
        y = module.batch_norm(x, None, None, weight, bias, training=True)
        y = module.leaky_relu(y, SLOPE) if leaky else y
        if between == "y += 1":
            y = y + 1 if module is torch_functional else y.assign(y + 1)
        z = module.conv2d(y, taps, **options)
        if between == "afterwards":
            y = y + 1 if module is torch_functional else y.assign(y + 1)
        return grad((z * z).sum() + y.sum(), [x, weight, bias, taps])

    arrays = inputs(2, 6, 5, 4)
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    expected = gradients(torch_functional, lambda a: torch.tensor(a, requires_grad=True), torch.autograd.grad, *tensors)
    found = jt.fetch_sync(list(gradients(F, jt.array, jt.grad, *map(jt.array, arrays))))
    for own, theirs in zip(found, expected, strict=True):
        assert distance(own, theirs.numpy()) <= SUMMED


def test_modules_in_a_row() -> None:
    """As in a network: convolution, norm, activation, twice over, and a residual."""

    class Block(nn.Module):
        def __init__(self) -> None:
            self.conv1, self.norm1 = nn.Conv2d(4, 4, 1, bias=False), nn.BatchNorm2d(4)
            self.conv2, self.norm2 = nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False), nn.GroupNorm(2, 4)
            self.act = nn.LeakyReLU(SLOPE)

        def execute(self, x: jt.Var) -> jt.Var:
            y = self.act(self.norm1(self.conv1(x)))
            return self.act(self.norm2(self.conv2(y)) + x)

    block, x = Block(), jt.array(normal(2, 4, 9, 9))

    def results() -> list[np.ndarray]:
        y = block(x)
        return jt.fetch_sync([y, *jt.grad((y * y).sum(), [x, *block.parameters()])])

    found = results()
    with kernels.plain():
        expected = results()
    for own, other in zip(found, expected, strict=True):
        assert distance(own, other) <= SUMMED
