"""Gradients and buffers of hand-made traces."""

import numpy as np
import pytest

from jtmigrate.compare.compare import compare
from jtmigrate.compare.pairing import Runs
from jtmigrate.compare.result import Quantity, Verdict
from jtmigrate.trace.record import LayerRecord, Trace

ONES = np.ones(3)


def trace(dtype="float32", gradients=None, pullback=None, buffers=None, by_output=None, state=None):
    """A model of one layer, all of whose outputs are one."""

    def cast(arrays):
        return {name: np.asarray(array, dtype) for name, array in (arrays or {}).items()}

    child = LayerRecord(
        "layer",
        0,
        "Linear",
        True,
        cast({"0": ONES}),
        cast({"": ONES}),
        parent="",
        gradients=cast(by_output),
        pullback=cast(pullback),
        buffers={name.rpartition(".")[2]: array for name, array in cast(buffers).items()},
    )
    handed = cast({"layer/0": ONES})
    root = LayerRecord("", 0, "Model", False, cast({"0": ONES}), cast({"": ONES}), parent=None, handed=handed)
    parameters = {"layer.weight": ONES, "layer.mean": ONES}
    values = cast(parameters | (state or {}))
    return Trace("some", dtype, (child, root), values, buffers=cast(buffers), gradients=cast(gradients))


def outcome(reference, candidate, candidate64=None):
    """The same reference and candidate in every situation, gradients alone included."""
    runs = Runs(
        trace(**reference),
        trace("float64", **reference),
        trace(**candidate),
        trace("float64", **(candidate64 or candidate)),
        isolated=trace(**candidate),
        alone=trace(**reference),
        alone_floors={"layer": dict.fromkeys(reference.get("pullback", {}), 2.0**-22)},
    )
    return compare(runs)


def row(result, quantity):
    (found,) = [each for each in result.quantities if each.quantity is quantity]
    return found


def test_equal_gradients_and_buffers_are_identical():
    everything = {
        "gradients": {"layer.weight": ONES},
        "by_output": {"": ONES},
        "pullback": {"input 0": ONES, "parameter weight": ONES},
        "buffers": {"layer.mean": 2 * ONES},
    }
    result = outcome(everything, everything)
    assert result, result.failures
    assert {each.quantity for each in result.quantities} == {
        Quantity.ACTIVATION_GRADIENT,
        Quantity.PARAMETER_GRADIENT,
        Quantity.BUFFER,
    }
    assert all(each.verdict is Verdict.IDENTICAL for each in result.quantities)


def test_a_layer_that_hands_back_a_wrong_gradient_is_at_fault_itself():
    result = outcome({"pullback": {"input 0": ONES}}, {"pullback": {"input 0": 2 * ONES}})
    found = row(result, Quantity.ACTIVATION_GRADIENT)
    assert not result
    assert found.own_fault
    assert result.first_fault == found


@pytest.mark.parametrize(
    ("reference", "candidate"),
    [({"layer.weight": ONES}, {}), ({}, {"layer.weight": ONES})],
    ids=["detached", "not detached"],
)
def test_a_gradient_on_one_side_only_is_a_mismatch(reference, candidate):
    both = {"by_output": {"": ONES}}
    result = outcome({"gradients": reference, **both}, {"gradients": candidate, **both})
    assert row(result, Quantity.PARAMETER_GRADIENT).verdict is Verdict.MISMATCH


def test_zeros_and_no_gradient_are_the_same():
    both = {"by_output": {"": ONES}}
    assert outcome({"gradients": {"layer.weight": 0 * ONES}, **both}, {"gradients": {}, **both})


@pytest.mark.parametrize(("noise", "aligned"), [(1e-17, True), (1e-12, False)])
def test_a_gradient_that_is_zero_but_for_rounding_may_differ_by_rounding_only(noise, aligned):
    """A bias before BatchNorm: 1e-17 against 3e-17 beside gradients of size 1 is float64's rounding, 1e-12 is not."""
    reference = {"gradients": {"layer.weight": ONES, "layer.mean": noise * ONES}}
    candidate = {"gradients": {"layer.weight": ONES, "layer.mean": 3 * noise * ONES}}
    assert bool(outcome(reference, candidate)) is aligned


def test_a_buffer_that_was_not_updated_is_a_mismatch():
    result = outcome({"buffers": {"layer.mean": 2 * ONES}}, {"buffers": {}})
    found = row(result, Quantity.BUFFER)
    assert found.verdict is Verdict.MISMATCH
    assert found.own_fault
    assert found.path == "layer"


def test_the_propagated_float32_gradient_is_shown_and_not_judged():
    """A gradient's float32 noise is large (activations near zero fall on the other side); float64 and layers judge."""
    reference = {"gradients": {"layer.weight": ONES}, "pullback": {"parameter weight": ONES}}
    candidate = {"gradients": {"layer.weight": 1.01 * ONES}, "pullback": {"parameter weight": ONES}}
    result = outcome(reference, candidate, candidate64=reference)
    found = row(result, Quantity.PARAMETER_GRADIENT)
    assert result, result.failures
    assert found.propagated.scaled == pytest.approx(0.01, rel=1e-4)


@pytest.mark.parametrize(("noise", "aligned"), [(1e-18, True), (1e-9, False)])
def test_a_running_mean_that_is_zero_but_for_rounding_may_differ_by_rounding_only(noise, aligned):
    """Behind a BatchNorm without shift the mean of every channel is zero in exact arithmetic."""
    state = {"layer.var": 0 * ONES}
    reference = {"buffers": {"layer.mean": noise * ONES, "layer.var": ONES}, "state": state}
    candidate = {"buffers": {"layer.mean": 3 * noise * ONES, "layer.var": ONES}, "state": state}
    runs = [trace(dtype, **given) for given in (reference, candidate) for dtype in ("float32", "float64")]
    (found,) = [each for each in compare(Runs(*runs)).quantities if each.name == "layer.mean"]
    assert found.float64.scaled == pytest.approx(2)
    assert (found.verdict is not Verdict.MISMATCH) is aligned


def test_a_gradient_by_what_nothing_trainable_went_into_is_of_no_consequence():
    """PyTorch does not compute it; Jittor, whose tensors all require gradients, does."""
    assert outcome(
        {"gradients": {"layer.weight": ONES}}, {"gradients": {"layer.weight": ONES}, "by_output": {"": ONES}}
    )
