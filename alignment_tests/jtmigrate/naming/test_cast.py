"""A cast changes no value, or does not happen."""

import numpy as np
import pytest

from jtmigrate.naming.cast import lossless_cast


@pytest.mark.parametrize(
    ("values", "source", "target"),
    [
        ([0.1, -0.0, np.inf, np.nan, 6e-8], "float16", "float32"),
        ([0.5, 2.0**100], "float64", "float32"),
        ([0, 255], "uint8", "int64"),
        ([2**31 - 1], "int64", "int32"),
        ([], "float64", "float16"),
    ],
)
def test_values_are_kept(values: list, source: str, target: str) -> None:
    array = np.array(values, source)
    cast = lossless_cast(array, target)
    assert cast is not None
    assert cast.dtype == target
    assert np.array_equal(cast, array, equal_nan=array.dtype.kind == "f")


@pytest.mark.parametrize(
    ("values", "source", "target"),
    [
        ([0.1], "float64", "float32"),
        ([1e300], "float64", "float32"),
        ([1e5], "float32", "float16"),
        ([255], "uint8", "int8"),
        ([2**31], "int64", "int32"),
        ([1.0], "float32", "int32"),
        ([1], "int32", "float32"),
        ([True], "bool", "float32"),
        ([1], "uint8", "bool"),
    ],
)
def test_values_would_change(values: list, source: str, target: str) -> None:
    assert lossless_cast(np.array(values, source), target) is None


def test_a_scalar_stays_a_scalar() -> None:
    assert lossless_cast(np.array(1.0, np.float16), "float32").shape == ()
