"""Whether the tolerances that are named really are the smallest that pass."""

import math
from dataclasses import replace

import numpy as np
import pytest

from jtmigrate.compare.result import (
    DEFAULT_TOLERANCES,
    DiffResult,
    LayerResult,
    ParameterResult,
    Quantity,
    QuantityResult,
    TensorError,
    Tolerances,
    Verdict,
)
from jtmigrate.compare.tolerance import smallest_tolerances
from jtmigrate.compare.verdict import Evidence, judge

ROW_FIELDS = ("verdict", "reason", "propagated", "isolated", "float64", "floor", "below_resolution", "own_fault")


def layer(judgement, key="conv", order=0):
    facts = {name: getattr(judgement, name) for name in ROW_FIELDS}
    return LayerResult(key, "Conv2d", True, order, (8,), **facts)


def error(scaled):
    return TensorError(scaled, 1.0, scaled, 1.0, 0.0, 0.0, 0.0)


def result(*layers, quantities=(), parameters=(), failures=None):
    wrong = any(row.verdict is Verdict.MISMATCH for row in (*layers, *quantities))
    return DiffResult(
        layers=layers,
        parameters=parameters,
        tolerances=DEFAULT_TOLERANCES,
        first_fault=None,
        cause="",
        failures=("mismatch",) * wrong if failures is None else failures,
        quantities=tuple(quantities),
    )


def judged(tolerances, *, float32=0.0, float64=0.0, noise=0.0):
    """Verdict on a reference of 1 and 0.5, candidates off by `float32` and `float64`, a reference noisy by `noise`."""
    exact = np.array([1.0, 0.5])
    rounded = (exact + np.array([0.0, noise])).astype(np.float32)
    return judge(
        Evidence(
            "",
            reference32=rounded,
            reference64=exact,
            isolated=rounded + np.array([0, float32], np.float32),
            candidate64=exact + np.array([0, float64]),
        ),
        tolerances,
        1.0,
    )


@pytest.mark.parametrize("errors", [{"float32": 3e-5}, {"float64": 2e-7}, {"float32": 2e-5, "float64": 5e-6}])
def test_a_tolerance_a_little_larger_passes_and_a_little_smaller_does_not(errors):
    smallest = smallest_tolerances(result(layer(judged(DEFAULT_TOLERANCES, **errors))))
    assert not smallest.obstacle

    def passes(factor):
        allowed = Tolerances(float32=factor * smallest.float32, float64=factor * smallest.float64)
        return judged(allowed, **errors).verdict is not Verdict.MISMATCH

    assert passes(1.0)
    assert not passes(0.99)


def test_what_the_noise_floor_excuses_needs_no_tolerance():
    judgement = judged(DEFAULT_TOLERANCES, float32=2e-5, noise=1e-5)
    assert judgement.verdict is Verdict.ROUNDING
    assert smallest_tolerances(result(layer(judgement))).float32 == 0


def test_quantities_count_and_the_largest_decides():
    small, large = judged(DEFAULT_TOLERANCES, float32=2e-5), judged(DEFAULT_TOLERANCES, float32=7e-5)
    facts = {name: getattr(large, name) for name in ROW_FIELDS}
    gradient = QuantityResult(Quantity.PARAMETER_GRADIENT, "conv.weight", "conv", 0, (8,), **facts)
    smallest = smallest_tolerances(result(layer(small), quantities=[gradient]))
    assert smallest.float32 == large.isolated.scaled


def test_what_is_only_shown_is_not_judged():
    """A loss in training is judged in float64: its float32 error in the whole run asks for no tolerance."""
    shown = QuantityResult(
        Quantity.LOSS, "loss", "", 0, (), 0, verdict=Verdict.ALIGNED, reason="", propagated=error(0.1), floor=2**-22
    )
    assert smallest_tolerances(result(quantities=[shown])).float32 is None


def test_a_shape_is_beyond_all_tolerances():
    wrong = judge(Evidence("", np.zeros(3, np.float32), isolated=np.zeros(4, np.float32)), DEFAULT_TOLERANCES, 1.0)
    assert "shape (4,) instead of (3,)" in smallest_tolerances(result(layer(wrong))).obstacle


def test_nan_is_beyond_all_tolerances():
    wrong = judge(
        Evidence("", np.ones(3, np.float32), isolated=np.array([1, 1, np.nan], np.float32)), DEFAULT_TOLERANCES, 1.0
    )
    assert "NaN" in smallest_tolerances(result(layer(wrong))).obstacle


def test_integers_have_no_tolerance():
    wrong = judge(Evidence("", np.arange(9), isolated=np.arange(9)[::-1].copy()), DEFAULT_TOLERANCES, 1.0)
    assert wrong.verdict is Verdict.MISMATCH
    assert smallest_tolerances(result(layer(wrong))).obstacle


def test_an_error_where_the_reference_is_zero_is_beyond_all_tolerances():
    wrong = judge(Evidence("", np.zeros(3, np.float32), isolated=np.ones(3, np.float32)), DEFAULT_TOLERANCES, 1.0)
    assert math.isinf(wrong.isolated.scaled)
    assert smallest_tolerances(result(layer(wrong))).obstacle


def test_options_parameters_and_what_is_missing_are_beyond_all_tolerances():
    option = QuantityResult(
        Quantity.OPTION, "eps", "", 0, (), 0, verdict=Verdict.MISMATCH, reason="1e-3 instead of 1e-8", own_fault=True
    )
    missing = LayerResult("aux", "", True, 1, (), verdict=Verdict.UNCOMPARED, reason="never called by jittor")
    weight = ParameterResult("conv.weight", (3,), Verdict.MISMATCH, "values differ")
    assert "1e-3 instead of 1e-8" in smallest_tolerances(result(quantities=[option])).obstacle
    assert "never called" in smallest_tolerances(result(missing, failures=("uncompared",))).obstacle
    assert "conv.weight" in smallest_tolerances(result(parameters=[weight], failures=("differ",))).obstacle
    listed = replace(missing, listed=True)
    assert not smallest_tolerances(result(layer(judged(DEFAULT_TOLERANCES)), listed)).obstacle


def test_a_run_that_compared_nothing_names_its_failure():
    assert smallest_tolerances(result(failures=("no layer was compared",))).obstacle == "no layer was compared"
