"""Every difference between a checkpoint and a schema is found, and told in one line."""

import numpy as np

from jtmigrate.naming.schema import TensorSpec
from jtmigrate.naming.validate import check_schema

SCHEMA = {
    "a": TensorSpec((2, 3), "float32"),
    "b": TensorSpec((4,), "float32"),
    "c": TensorSpec((), "int64"),
}


def fitting() -> dict[str, np.ndarray]:
    return {name: np.zeros(spec.shape, spec.dtype) for name, spec in SCHEMA.items()}


def test_what_fits_is_true_and_silent() -> None:
    check = check_schema(fitting(), SCHEMA)
    assert check
    assert check.summary() == ""


def test_all_kinds_of_difference_at_once() -> None:
    tensors = {"a": np.zeros((3, 2), np.float32), "b": np.zeros(4, np.float16), "d": np.zeros(1)}
    check = check_schema(tensors, SCHEMA)
    assert not check
    assert check.missing == ("c",)
    assert check.unexpected == ("d",)
    assert check.shapes == (("a", (3, 2), (2, 3)),)
    assert check.dtypes == (("b", "float16", "float32"),)
    assert check.summary() == (
        "1 of other shape (a: (3, 2) in the file, (2, 3) in the target); "
        "1 of other dtype (b: float16 in the file, float32 in the target); 1 missing (c); 1 unexpected (d)"
    )


def test_a_scalar_is_not_a_vector_of_one() -> None:
    assert check_schema({**fitting(), "c": np.zeros(1, np.int64)}, SCHEMA).shapes == (("c", (1,), ()),)


def test_long_lists_are_cut() -> None:
    check = check_schema({f"x{i}": np.zeros(1) for i in range(9)} | fitting(), SCHEMA)
    assert check.summary() == "9 unexpected (x0, x1, x2, ...)"
