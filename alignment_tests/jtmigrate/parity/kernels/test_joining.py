"""Joining tensors, and taking them apart. All is copied, so all has to be equal to the last bit."""

from functools import partial

import jittor as jt
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alignment_tests.jtmigrate.parity.kernels.three_ways import (
    assert_without,
    drawing,
    in_jittor,
    in_torch,
    normal,
    operators,
)
from jtmigrate.parity import kernels, ops

SHAPES = st.lists(st.integers(1, 7), min_size=1, max_size=4)


def assert_equal(port: partial, original: partial, arrays: list[np.ndarray], plain: bool = False) -> None:
    with operators() as called:
        found = in_jittor(port, arrays)
    assert set(called) == {"joining"}
    for own, theirs in zip(found, in_torch(original, arrays), strict=True):
        assert np.array_equal(own, theirs)
    if plain:
        with kernels.plain():
            stock = in_jittor(port, arrays)
        for own, theirs in zip(found, stock, strict=True):
            assert np.array_equal(own, theirs)


@given(SHAPES, st.data())
@drawing(40)
def test_cat_equals_torch(shape: list[int], data: st.DataObject) -> None:
    """Along every dimension, counted from either end."""
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    lengths = data.draw(st.lists(st.integers(1, 9), min_size=2, max_size=3))
    arrays = [normal(*shape[: dim % len(shape)], n, *shape[dim % len(shape) + 1 :], seed=n) for n in lengths]
    assert_equal(lambda *parts: ops.cat(parts, dim), lambda *parts: torch.cat(parts, dim), arrays)


@given(SHAPES, st.data())
@drawing(40)
def test_chunk_equals_torch(shape: list[int], data: st.DataObject) -> None:
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    chunks = data.draw(st.integers(1, 3))
    shape[dim] *= chunks
    assert_equal(lambda x: ops.chunk(x, chunks, dim), lambda x: torch.chunk(x, chunks, dim), [normal(*shape)])


@pytest.mark.parametrize(("shape", "dim"), [((2, 3, 4, 5), 1), ((200, 3, 70), 2), ((6,), 0)], ids=str)
def test_equals_jittor(shape: tuple[int, ...], dim: int) -> None:
    arrays = [normal(*shape, seed=seed) for seed in range(3)]
    assert_equal(lambda *parts: ops.cat(parts, dim), lambda *parts: torch.cat(parts, dim), arrays, plain=True)
    whole = np.concatenate(arrays, dim)
    assert_equal(lambda x: ops.chunk(x, 3, dim), lambda x: torch.chunk(x, 3, dim), [whole], plain=True)


def test_one_tensor_twice_gets_both_gradients() -> None:
    arrays = [normal(2, 3, 4)]
    assert_equal(lambda x: ops.cat([x, x], 1), lambda x: torch.cat([x, x], 1), arrays)


def test_a_single_tensor() -> None:
    assert_equal(lambda x: ops.cat([x], 1), lambda x: torch.cat([x], 1), [normal(2, 3, 4)])


def test_a_part_that_nobody_uses_has_no_gradient() -> None:
    assert_equal(lambda x: ops.chunk(x, 2, 1)[1], lambda x: torch.chunk(x, 2, 1)[1], [normal(2, 4, 3)])


def test_a_part_of_no_length() -> None:
    x = normal(2, 3)
    assert np.array_equal(ops.cat([jt.array(x), jt.zeros((2, 0))], 1).numpy(), x)


def test_chunks_that_do_not_divide_are_left_to_jittor() -> None:
    x = normal(2, 7, 3)
    assert_without("joining", lambda: ops.chunk(jt.array(x), 3, 1))
    found, expected = ops.chunk(jt.array(x), 3, 1), torch.chunk(torch.from_numpy(x), 3, 1)
    for own, theirs in zip(found, expected, strict=True):
        assert np.array_equal(own.numpy(), theirs.numpy())


@pytest.mark.parametrize("parts", [8, 9])
def test_many_parts_are_left_to_jittor(parts: int) -> None:
    """Nothing is compiled here: nobody asks for a value."""
    with operators() as called:
        ops.cat([jt.zeros((2, 3))] * parts, 0)
        ops.chunk(jt.zeros((parts, 3)), parts, 0)
    assert len(called) == (2 if parts == 8 else 0)


@pytest.mark.parametrize("dtype", ["float64", "float16", "int32", "bool"])
def test_other_dtypes_are_left_to_jittor(dtype: str) -> None:
    with jt.flag_scope(auto_convert_64_to_32=0):
        x = jt.zeros((2, 4)).cast(dtype)
        assert_without("joining", lambda: ops.cat([x, x], 1))
        assert_without("joining", lambda: ops.cat([jt.zeros((2, 4)), x], 1))
        assert_without("joining", lambda: ops.chunk(x, 2, 1))


@pytest.mark.parametrize(
    ("shapes", "dim"),
    [
        pytest.param([(2, 3, 4), (2, 3, 5)], 1, id="a later size"),
        pytest.param([(2, 3, 5), (2, 3, 4)], 1, id="a later size, smaller"),
        pytest.param([(2, 3, 4), (5, 3, 4)], 1, id="an earlier size"),
        pytest.param([(2, 3, 4), (2, 3)], 1, id="fewer dimensions"),
        pytest.param([(2, 3), (2, 3, 4)], 1, id="more dimensions"),
        pytest.param([(2, 3), (2, 3)], 2, id="no such dimension"),
        pytest.param([(2, 3), (2, 3)], -3, id="no such dimension, counted from the end"),
    ],
)
def test_tensors_that_do_not_fit(shapes: list[tuple[int, ...]], dim: int) -> None:
    """PyTorch refuses each of them."""
    with pytest.raises((RuntimeError, IndexError)):
        torch.cat([torch.zeros(shape) for shape in shapes], dim)
    with pytest.raises((ValueError, RuntimeError, IndexError)):
        ops.cat([jt.zeros(shape) for shape in shapes], dim)


@pytest.mark.parametrize(("chunks", "dim"), [(0, 0), (-2, 0), (2, 2), (2, -3)], ids=str)
def test_chunks_that_there_are_not(chunks: int, dim: int) -> None:
    """PyTorch refuses each of them."""
    with pytest.raises((RuntimeError, IndexError)):
        torch.chunk(torch.zeros((4, 3)), chunks, dim)
    with pytest.raises((ValueError, RuntimeError, IndexError)):
        ops.chunk(jt.zeros((4, 3)), chunks, dim)
