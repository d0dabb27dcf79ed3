import math

import pytest

from jtmigrate.report import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.0, "0"),
        (7.7123e-7, "7.71e-7"),
        (1.04e-6, "1.04e-6"),
        (2.0e-16, "2.00e-16"),
        (0.31, "0.310"),
        (3.5, "3.50"),
        (312.4, "312"),
        (2.6e6, "2.60e6"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_scientific(value, text):
    assert numbers.scientific(value) == text


def test_an_error_above_the_tolerance_never_reads_as_the_tolerance():
    assert numbers.scientific(1.01e-6) != numbers.scientific(1e-6)


@pytest.mark.parametrize(("value", "text"), [(1e-6, "1e-6"), (1e-9, "1e-9"), (0.02, "0.02"), (4.0, "4")])
def test_limit(value, text):
    assert numbers.limit(value) == text


def test_shape():
    assert numbers.shape((1, 3, 416, 416)) == "1x3x416x416"
    assert numbers.shape(()) == "scalar"


def test_counted():
    assert numbers.counted(1, "layer") == "1 layer"
    assert numbers.counted(2, "mismatch", "mismatches") == "2 mismatches"


@pytest.mark.parametrize("value", [0.0, 1.0, 1.01e-6, 3.11e-7, 9.96e-7, 9.9e-7, 0.5, 123.4, 5e-324 * 2**60])
def test_a_limit_is_never_below_its_value_and_no_more_than_a_tenth_above(value):
    read = float(numbers.at_least(value))
    assert value <= read * (1 + 1e-11)
    assert read <= 1.1 * value
