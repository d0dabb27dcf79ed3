"""Steps of optimizers, norms and averages of many tensors at once.

Limits are in terms of a tensor's maximum: 1e-6, a rounding or two a step.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import jittor as jt
import numpy as np
import pytest
import torch

from alignment_tests.jtmigrate.parity.kernels.three_ways import assert_without, distance, normal, operators
from jtmigrate.parity import kernels, optim
from jtmigrate.parity.kernels import many
from jtmigrate.parity.optim.averaging import move_averages

LIMIT = 1e-6
# Two of 2 dimensions, two of 1, one of 4; one smaller than a vector, one of a single element.
SHAPES = [(37, 5), (4,), (1,), (6, 3, 3, 3), (2, 2)]
STEPS = 5
Parameters = Sequence[Any]


def gradients(step: int) -> list[np.ndarray]:
    """Some very small, where eps matters, and a large one."""
    return [normal(*shape, scale=10.0**-place, seed=50 + step) for place, shape in enumerate(SHAPES, start=-1)]


def groups_of(parameters: Parameters) -> list[dict[str, Any]]:
    return [
        {"params": parameters[:2], "weight_decay": 0.05},
        {"params": parameters[2:], "lr": 0.003, "betas": (0.8, 0.95), "weight_decay": 0.0},
    ]


def train_torch(
    kind: str, dtype: str, *, grouped: Callable = groups_of, joins: Sequence[int] = (), clip: float | None = None,
    **options: Any,
) -> list[np.ndarray]:  # fmt: skip
    """The parameters after some steps; those whose places are in `joins` have no gradient in the first two."""
    parameters = [
        torch.nn.Parameter(torch.from_numpy(normal(*shape, seed=place).astype(dtype)))
        for place, shape in enumerate(SHAPES)
    ]
    optimizer = getattr(torch.optim, kind)(grouped(parameters), lr=0.01, **options)
    for step in range(STEPS):
        for place, (parameter, gradient) in enumerate(zip(parameters, gradients(step), strict=True)):
            if place not in joins or step >= 2:
                parameter.grad = torch.from_numpy(gradient.astype(dtype))
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(parameters, clip)
        optimizer.step()
    return [parameter.detach().numpy() for parameter in parameters]


def train_jittor(
    kind: str, *, grouped: Callable = groups_of, joins: Sequence[int] = (), clip: float | None = None, **options: Any
) -> list[np.ndarray]:
    """As `train_torch`."""
    parameters = [jt.array(normal(*shape, seed=place)) for place, shape in enumerate(SHAPES)]
    optimizer = getattr(optim, kind)(grouped(parameters), lr=0.01, **options)
    for place in joins:
        parameters[place].stop_grad()
    for step in range(STEPS):
        if step == 2:
            for place in joins:
                parameters[place].start_grad()
        pairs = zip(parameters, gradients(step), strict=True)
        optimizer.backward(sum((parameter * jt.array(gradient)).sum() for parameter, gradient in pairs))
        if clip is not None:
            optim.clip_grad_norm(optimizer, clip)
        optimizer.step()
    return jt.fetch_sync(parameters)


@pytest.mark.parametrize("kind", ["Adam", "AdamW"])
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="groups"),
        pytest.param({"joins": (1, 3)}, id="joining later"),
        pytest.param({"clip": 3.0}, id="clipped"),
        pytest.param({"clip": 1e4}, id="clipping nothing"),
        pytest.param({"eps": 1e-3, "betas": (0.0, 0.9)}, id="other numbers"),
        pytest.param({"maximize": True}, id="maximize"),
    ],
)
def test_steps_of_adam(kind: str, options: dict[str, Any]) -> None:
    with operators() as called:
        found = train_jittor(kind, **options)
    assert set(called) == {"many"}
    with kernels.plain(), operators() as called:
        stock = train_jittor(kind, **options)
    assert not called
    single, truth = (train_torch(kind, dtype, **options) for dtype in ("float32", "float64"))
    for own, other, theirs, exact in zip(found, stock, single, truth, strict=True):
        assert distance(own, exact) <= max(LIMIT, distance(theirs, exact))
        assert distance(own, theirs) <= LIMIT
        assert distance(own, other) <= LIMIT


def test_more_tensors_than_one_operator_takes() -> None:
    """Averages, because there is a kernel of few inputs to compile."""
    count = many.TOGETHER + 3
    averages = [jt.array(normal(place + 1, seed=place)) for place in range(count)]
    values = [normal(place + 1, seed=1000 + place) for place in range(count)]
    move_averages([(average, jt.array(value)) for average, value in zip(averages, values, strict=True)], 0.25)
    for place, (average, value) in enumerate(zip(averages, values, strict=True)):
        assert distance(average.numpy(), normal(place + 1, seed=place) * 0.75 + value * 0.25) <= LIMIT


@pytest.mark.parametrize("mode", [nullcontext, kernels.plain], ids=["fast", "plain"])
@pytest.mark.parametrize("share", [1.0, 0.0, 2e-4])
def test_averages(mode: Callable, share: float) -> None:
    old, new = ([normal(*shape, seed=seed + place) for place, shape in enumerate(SHAPES)] for seed in (0, 100))
    averages, values = [[jt.array(array) for array in arrays] for arrays in (old, new)]
    with mode(), operators() as called:
        move_averages(zip(averages, values, strict=True), share)
    assert set(called) == ({"many"} if mode is nullcontext else set())
    for average, value, before, after in zip(averages, values, old, new, strict=True):
        assert distance(average.numpy(), before.astype(np.float64) * (1 - share) + after * np.float64(share)) <= LIMIT
        assert np.array_equal(value.numpy(), after)


def clipped(arrays: Sequence[np.ndarray], limit: float) -> tuple[np.ndarray, list[np.ndarray]]:
    """The norm, in float64, and the gradients after clipping."""
    parameters = [jt.array(array) for array in arrays]
    optimizer = optim.SGD(parameters, lr=1.0)
    pairs = zip(parameters, arrays, strict=True)
    optimizer.backward(sum((parameter * jt.array(array)).sum() for parameter, array in pairs))
    norm = optim.clip_grad_norm(optimizer, limit)
    return norm.numpy(), [gradient.numpy() for gradient in optimizer.param_groups[0]["grads"]]


@pytest.mark.parametrize("limit", [0.5, 1e6])
def test_norm(limit: float) -> None:
    """1e-12 from the truth: squares are summed in float64. PyTorch's own norm is in float32."""
    arrays = [normal(*shape, seed=place, scale=3) for place, shape in enumerate([*SHAPES, (211, 199)])]
    with jt.flag_scope(auto_convert_64_to_32=0):
        with operators() as called:
            norm, found = clipped(arrays, limit)
        assert set(called) == {"many"}
        with kernels.plain():
            plain_norm, stock = clipped(arrays, limit)
    truth = np.sqrt(sum((array.astype(np.float64) ** 2).sum() for array in arrays))
    tensors = [torch.nn.Parameter(torch.from_numpy(array)) for array in arrays]
    for tensor, array in zip(tensors, arrays, strict=True):
        tensor.grad = torch.from_numpy(array.copy())
    torch_norm = torch.nn.utils.clip_grad_norm_(tensors, limit).item()
    assert norm.dtype == np.float64
    assert norm.item() == pytest.approx(truth, rel=1e-12)
    assert plain_norm.item() == pytest.approx(truth, rel=1e-12)
    assert torch_norm == pytest.approx(truth, rel=LIMIT)
    for own, other, tensor in zip(found, stock, tensors, strict=True):
        assert distance(own, tensor.grad.numpy()) <= LIMIT
        assert distance(own, other) <= LIMIT


def test_gradients_of_zero_are_not_divided_by() -> None:
    norm, found = clipped([np.zeros((3, 2), np.float32), np.zeros(4, np.float32)], 1.0)
    assert norm.item() == 0
    assert all(not gradient.any() for gradient in found)


def test_amsgrad_and_float64_are_left_to_jittor() -> None:
    x = jt.array(normal(4, 5))
    optimizer = optim.Adam([x], amsgrad=True)
    assert_without("many", lambda: optimizer.step((x * x).sum()))
    with jt.flag_scope(auto_convert_64_to_32=0):
        x = jt.array(normal(4, 5)).float64()
        optimizer = optim.AdamW([x])
        assert_without("many", lambda: optimizer.step((x * x).sum()))
        assert_without("many", lambda: move_averages([(x, x * 2)], 0.5))


def test_shapes_that_differ_are_no_average() -> None:
    with pytest.raises((ValueError, RuntimeError)):
        move_averages([(jt.zeros((3, 4)), jt.zeros((3, 5)))], 0.5)
