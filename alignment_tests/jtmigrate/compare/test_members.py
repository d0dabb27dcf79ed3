"""What a layer returns besides tensors is compared too, or said not to be."""

from enum import Enum

import numpy as np
import pytest

from jtmigrate.compare.compare import compare
from jtmigrate.compare.pairing import Runs
from jtmigrate.compare.result import Verdict
from jtmigrate.trace.record import LayerRecord, Trace
from jtmigrate.trace.structure import Opaque, Slot

ONES = np.ones(3, np.float32)


def verdict(reference, candidate, *, outputs=ONES):
    """The verdict on a layer that returns an array and `reference` in one framework, and `candidate` in the other."""

    def trace(result, dtype="float32"):
        arrays = {"0": outputs.astype(dtype)}
        record = LayerRecord("layer", 0, "Layer", True, arrays, arrays, parent=None, result=(Slot("0"), result))
        return Trace("some", dtype, (record,), {})

    runs = Runs(
        trace(reference), trace(reference, "float64"), trace(candidate), trace(candidate, "float64"), trace(candidate)
    )
    (layer,) = compare(runs).layers
    return layer.verdict, layer.reason


@pytest.mark.parametrize(
    ("reference", "candidate"),
    [
        (2.5, 2.5),
        (3, np.int32(3)),
        (np.ones((2, 2)), np.ones((2, 2))),
        ("cat", "cat"),
        ("cat", np.str_("cat")),
        (Enum("Ours", ["CAT"]).CAT, Enum("Theirs", ["CAT"]).CAT),
        (None, None),
        ({"a": [True, 1.0]}, {"a": [True, 1.0]}),
    ],
)
def test_what_is_equal_is_aligned(reference, candidate):
    assert verdict(reference, candidate)[0] in (Verdict.IDENTICAL, Verdict.ALIGNED, Verdict.ROUNDING)


@pytest.mark.parametrize(
    ("reference", "candidate", "reason"),
    [
        (2.5, 5.0, "result 1: 1.0e+00 of its maximum off"),
        (3, 4, "result 1: 3.3e-01 of its maximum wrong"),
        (np.ones((2, 2)), 3 * np.ones((2, 2)), "result 1: 2.0e+00 of its maximum off"),
        (np.ones((2, 2)), np.ones(4), "shape"),
        (1.0, float("nan"), "NaN"),
        ("cat", "dog", "result 1: 'dog' instead of 'cat'"),
        (Enum("Ours", ["CAT", "DOG"]).CAT, Enum("Ours", ["CAT", "DOG"]).DOG, "DOG"),
        (2.5, "dog", "result 1: 'dog' instead of a number"),
        (2.5, None, "result 1: nothing instead of a number"),
        ({"a": 1.0}, {"a": 2.0}, "result 1.a: "),
    ],
)
def test_what_differs_is_a_mismatch(reference, candidate, reason):
    found, why = verdict(reference, candidate)
    assert found is Verdict.MISMATCH
    assert reason in why


def test_what_cannot_be_compared_is_uncompared():
    assert verdict({1, 2}, {1, 2}) == (Verdict.UNCOMPARED, "returns a set as 1, which cannot be compared")
    for unmeasured in (1j, np.array(["cat"])):
        assert verdict(unmeasured, unmeasured)[0] is Verdict.UNCOMPARED
    lost = Opaque("<Box at 0x1>")
    assert verdict(lost, lost) == (Verdict.UNCOMPARED, "returns <Box at 0x1> as 1, which cannot be compared")


def test_arrays_without_an_element_prove_nothing():
    found, why = verdict(None, None, outputs=np.zeros((0, 4), np.float32))
    assert found is Verdict.UNCOMPARED
    assert "no element" in why
