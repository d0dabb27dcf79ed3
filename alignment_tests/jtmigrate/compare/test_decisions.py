"""Decisions that rounding may turn over are excused, others are not."""

import numpy as np
import pytest

from jtmigrate.compare.compare import compare
from jtmigrate.compare.pairing import Runs
from jtmigrate.compare.result import Verdict
from jtmigrate.trace.record import LayerRecord, Trace

SCORES = np.array([0.5, 1.0, 1.0 + 2e-8, 2.0])
"""The second and third are as good as equal in float32."""


def gap(inputs):
    """Margin of "is it the larger of its neighbours": the distance to the next score."""
    scores = inputs["0"].astype(np.float64)
    return np.minimum(np.abs(scores - np.roll(scores, 1)), np.abs(scores - np.roll(scores, -1)))


def trace(decisions, dtype):
    scores = SCORES.astype(dtype)
    record = LayerRecord("pick", 0, "function", True, {"0": scores}, {"": np.array(decisions)}, parent=None)
    return Trace("someframework", dtype, (record,), {})


def outcome(decisions, margins):
    reference = [0, 1, 0, 1]
    runs = Runs(
        trace(reference, "float32"),
        trace(reference, "float64"),
        trace(decisions, "float32"),
        trace(reference, "float64"),
        trace(decisions, "float32"),
    )
    return compare(runs, margins=margins)


def test_a_close_decision_that_fell_otherwise_is_rounding():
    result = outcome([0, 0, 1, 1], {"pick": gap})
    assert result
    assert result.layers[0].verdict is Verdict.ROUNDING
    assert "2 decisions fell otherwise" in result.layers[0].reason


@pytest.mark.parametrize("decisions", [[1, 1, 0, 1], [0, 0, 1, 0]], ids=["one", "among close ones"])
def test_a_clear_decision_that_fell_otherwise_is_a_mismatch(decisions):
    assert outcome(decisions, {"pick": gap}).layers[0].verdict is Verdict.MISMATCH


def test_without_a_margin_nothing_is_excused():
    assert outcome([0, 0, 1, 1], {}).layers[0].verdict is Verdict.MISMATCH


def test_equal_decisions_stay_identical():
    assert outcome([0, 1, 0, 1], {"pick": gap}).layers[0].verdict is Verdict.IDENTICAL
