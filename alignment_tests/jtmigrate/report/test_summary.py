import math
from dataclasses import replace

import pytest

from jtmigrate.compare.causes.precision import FLOAT32_AGREES
from jtmigrate.compare.causes.settings import RANDOM
from jtmigrate.compare.result import ParameterResult, Quantity, SettingDifference, Verdict
from jtmigrate.report import rows, summary
from jtmigrate.report.hints import LOOK_AT, hints
from jtmigrate.report.selection import select_notable


def test_layers_that_only_inherit_are_counted_not_listed(failed):
    selection = select_notable(failed)
    assert "backbone.maxpool" in [layer.key for layer in selection.shown]
    assert sum(layer.verdict is Verdict.MISMATCH for layer in selection.shown) == 1
    assert selection.hidden_inherited == failed.counts[Verdict.MISMATCH] - 1


def test_a_second_fault_of_its_own_is_listed(make):
    run = make.result([make.mismatch("a", 0), make.mismatch("b", 1, isolated=3e-7), make.mismatch("c", 2)])
    selection = select_notable(run)
    assert [layer.key for layer in selection.shown] == ["a", "c"]
    assert selection.hidden_inherited == 1


def test_without_an_isolated_run_no_mismatch_is_excused(make):
    run = make.result([make.mismatch("a", 0), make.mismatch("b", 1, isolated=None)])
    assert [layer.key for layer in select_notable(run).shown] == ["a", "b"]


def test_what_needs_attention_and_the_worst_of_the_rest_are_selected(make):
    layers = [make.layer(f"conv{i}", i, isolated=i * 1e-8) for i in range(20)]
    layers.append(make.layer("soft", 20, 1.2e-6, verdict=Verdict.ROUNDING, floor=5e-7))
    layers.append(make.layer("gone", 21, verdict=Verdict.UNCOMPARED, propagated=None, isolated=None))
    selection = select_notable(make.result(layers))
    assert [layer.key for layer in selection.shown] == [f"conv{i}" for i in range(15, 20)] + ["soft", "gone"]
    assert selection.hidden_good == 15


def test_worst_ranks_nan_above_all_and_skips_what_float32_cannot_resolve(make):
    layers = [
        make.layer("big", 0, isolated=5e-7),
        make.layer("tiny", 1, isolated=0.2, below_resolution=True),
    ]
    assert rows.worst(layers, "isolated").key == "big"
    layers.append(make.mismatch("broken", 2, isolated=math.nan))
    assert rows.worst(layers, "isolated").key == "broken"


def test_float32_only_is_told_from_another_computation(make):
    poor = make.mismatch("bn", 0, isolated=4e-5, float64=make.error(3e-15))
    run = make.result([poor])
    assert rows.poor_arithmetic(poor, run)
    lacking = make.mismatch("bn", 0, isolated=0.0, float64=make.error(0.0), own_fault=True, reason="lacks output lm")
    assert not rows.poor_arithmetic(lacking, make.result([lacking]))
    assert "float32" in summary.explanation(run)
    assert "E[x^2] - E[x]^2" in hints(run)[0]


def test_hints_begin_with_the_weights(make):
    wrong = ParameterResult("fc.weight", (3, 3), Verdict.MISMATCH, "differs", 0.5)
    steps = hints(make.result([make.mismatch("fc", 0)], parameters=(wrong,)))
    assert "fc.weight" in steps[0]
    assert "fc" in steps[1]


def test_hints_for_a_container_speak_of_its_own_code(make):
    steps = hints(make.result([make.mismatch("block", 0, is_leaf=False)]))
    assert "concatenation" in steps[0]


@pytest.mark.parametrize("leaf", [True, False])
@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (f"{FLOAT32_AGREES} and float64 nearly so: a constant stays in float32", "jtmigrate.parity.functional.scalar"),
        (f"{RANDOM}Dropout(p=0.1) is active on both sides", "drop nothing on either side"),
    ],
)
def test_hints_follow_the_cause(make, cause, words, leaf):
    run = replace(make.result([make.mismatch("block", 0, isolated=None, is_leaf=leaf)]), cause=cause)
    assert words in hints(run)[0]
    assert "block (Conv2d)" in hints(run)[0]


def test_a_constant_in_float32_of_a_gradient(make):
    run = make.result([make.layer()], quantities=(make.wrong_quantity("fc.weight"),))
    step = hints(replace(run, cause=f"{FLOAT32_AGREES} and float64 nearly so"))[0]
    assert "step of the parameter gradient of fc.weight that stays in float32" in step


def test_an_aligned_run_needs_no_hints(aligned):
    assert hints(aligned) == []


def test_verdict_line_counts_what_was_left_out_for_a_reason(make):
    left_out = make.layer("loss", 1, verdict=Verdict.UNCOMPARED, listed=True, propagated=None, isolated=None)
    line = summary.verdict_line(make.result([make.layer(order=0), left_out]))
    assert line.startswith("ALIGNED: 1 layer compared")
    assert "1 uncompared for a listed reason" in line


def test_explanation_of_a_run_that_compared_nothing(make):
    run = make.result([], failures=("No layer was compared.",))
    assert "does not show" in summary.explanation(run)
    assert summary.verdict_line(run).startswith("NOT ALIGNED: 0 layers compared")


def test_a_reference_that_is_not_finite_needs_attention_whatever_its_verdict(make):
    layers = [make.layer(f"conv{i}", i, isolated=1e-7) for i in range(9)] + [make.layer("log", 9, 0.0, nonfinite=True)]
    run = make.result(layers, failures=("1 layer NaN or infinite in the reference as well: log",))
    assert "log" in [layer.key for layer in select_notable(run).shown]
    assert rows.remarks(layers[-1], run) == ["not finite"]
    assert "--allow-nonfinite" in hints(run)[0]


def test_without_float64_nothing_is_called_rounding(make):
    run = make.result([make.layer(float64=None)])
    assert "agrees within the tolerance" in summary.explanation(run)


def test_parameters_without_a_counterpart_are_to_be_accounted_for(make):
    gone = ParameterResult("fc.bias", (3,), Verdict.UNCOMPARED, "no counterpart")
    run = make.result([make.layer()], parameters=(gone,), failures=("1 parameter uncompared",))
    assert "fc.bias" in hints(run)[0]


@pytest.mark.parametrize("quantity", Quantity)
def test_every_quantity_has_something_to_look_at(make, quantity):
    run = make.result([make.layer()], quantities=(make.wrong_quantity("fc.weight", kind=quantity, step=1),))
    assert LOOK_AT[quantity] in hints(run)[0]
    assert f"the {quantity.value} of fc.weight of training step 1" in summary.explanation(run)
    assert summary.verdict_line(run).endswith(f"first fault {quantity.value} of fc.weight, step 1")


def test_the_setting_of_the_module_at_fault_is_the_first_to_mend(make):
    other, own = SettingDifference("a", "eps", "1", "2"), SettingDifference("fc", "eps", "3", "4")
    assert "fc: eps is 4 instead of 3" in hints(make.result([make.mismatch("fc", 0)], settings=(other, own)))[0]


def test_success_counts_all_that_was_compared(trained):
    assert "366 layers and 1,390 other quantities compared computes the same" in summary.explanation(trained)
    assert "1,390 other quantities (1,390 aligned)" in summary.verdict_line(trained)
