"""Views into a storage: right values, and nothing read beyond the data."""

import numpy as np
import pytest

from jtmigrate.checkpoint.byte_ranges import MemoryRange
from jtmigrate.checkpoint.elements import element_of
from jtmigrate.checkpoint.errors import FormatError
from jtmigrate.checkpoint.torch_tensors import stored_view

DATA = np.arange(6, dtype="<f4").tobytes()


def strided_copy(data: bytes, offset: int, shape: tuple, strides: tuple) -> np.ndarray:
    return stored_view(MemoryRange(data), element_of("float32"), offset, shape, strides).to_array()


def test_the_copy_is_contiguous_and_writable() -> None:
    copy = strided_copy(DATA, 1, (2, 2), (1, 3))
    assert copy.tolist() == [[1, 4], [2, 5]]
    assert copy.flags.c_contiguous
    assert copy.flags.writeable


def test_a_scalar_stays_a_scalar() -> None:
    assert strided_copy(DATA, 5, (), ()).shape == ()


def test_an_empty_view_may_lie_anywhere() -> None:
    assert strided_copy(b"", 0, (0, 3), (3, 1)).shape == (0, 3)


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (0, (7,), (1,)),
        (6, (), ()),
        (0, (2, 2), (5, 1)),
        (2**62, (1,), (1,)),
        (-1, (1,), (1,)),
        (0, (-1,), (1,)),
        (0, (2,), (-1,)),
        (0, (2,), (1, 1)),
        (0, ("2",), (1,)),
        (0, (2**60, 2**60), (0, 0)),
    ],
)
def test_impossible_views_are_refused(offset: int, shape: tuple, strides: tuple) -> None:
    with pytest.raises(FormatError):
        strided_copy(DATA, offset, shape, strides)
