import json
from dataclasses import replace

import pytest

from jtmigrate.baseline import Worsening, baseline_of, read_baseline, write_baseline
from jtmigrate.compare.result import (
    DEFAULT_TOLERANCES,
    DiffResult,
    LayerResult,
    ParameterResult,
    TensorError,
    Verdict,
)
from jtmigrate.errors import UserError
from jtmigrate.report.json_report import to_dict


def error(scaled):
    return TensorError(scaled, 1.0, scaled, 1.0, 0.0, 0.0, 0.0)


def layer(key, verdict, isolated, float64=1e-16, **more):
    return LayerResult(
        verdict=verdict,
        reason="",
        key=key,
        kind="Conv2d",
        is_leaf=True,
        order=0,
        shape=(1,),
        isolated=error(isolated),
        float64=error(float64),
        **more,
    )


GOOD = layer("good", Verdict.ALIGNED, 1e-7)
KNOWN = layer("known", Verdict.MISMATCH, 1e-3, float64=1e-3)
WEIGHT = ParameterResult("good.weight", (1,), Verdict.IDENTICAL, "")


def outcome(*layers, parameters=(WEIGHT,), inputs="abc"):
    meta = {"inputs": {"input": {"shape": [1], "dtype": "float32", "sha256": inputs}}}
    return DiffResult(layers, parameters, DEFAULT_TOLERANCES, None, "", ("some failure",), meta=meta)


@pytest.fixture
def worsened(tmp_path):
    """What got worse in a result against a file that accepts `GOOD` and `KNOWN`."""
    write_baseline(outcome(GOOD, KNOWN), tmp_path / "baseline.json")
    baseline = read_baseline(tmp_path / "baseline.json")
    return lambda *layers, **more: baseline.worsened(to_dict(outcome(*layers, **more)))


def test_what_was_accepted_is_not_worse(worsened):
    assert worsened(GOOD, KNOWN) == ()


def test_rounding_may_change_below_what_is_negligible(worsened):
    assert worsened(replace(GOOD, isolated=error(9e-7), verdict=Verdict.IDENTICAL), KNOWN) == ()
    assert worsened(replace(GOOD, float64=error(1.7e-15)), KNOWN) == ()


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ((replace(GOOD, verdict=Verdict.ROUNDING), KNOWN), Worsening("good", "rounding instead of aligned")),
        ((replace(GOOD, isolated=error(1e-6)), KNOWN), Worsening("good", "isolated error 1.00e-6 instead of 1.00e-7")),
        (
            (GOOD, replace(KNOWN, isolated=error(4.1e-3))),
            Worsening("known", "isolated error 4.10e-3 instead of 1.00e-3"),
        ),
        (
            (GOOD, replace(KNOWN, float64=error(float("nan")))),
            Worsening("known", "float64 error nan instead of 1.00e-3"),
        ),
        ((replace(GOOD, float64=None), KNOWN), Worsening("good", "its float64 error is no longer measured")),
        ((GOOD,), Worsening("known", "no longer compared")),
        ((GOOD, KNOWN, replace(KNOWN, key="new")), Worsening("new", "mismatch, and not in the baseline")),
    ],
)
def test_what_is_worse_is_told(worsened, now, expected):
    assert worsened(*now) == (expected,)


def test_a_new_layer_in_good_order_is_not_worse(worsened):
    assert worsened(GOOD, KNOWN, replace(GOOD, key="new")) == ()
    listed = LayerResult(
        verdict=Verdict.UNCOMPARED, reason="", listed=True, key="left out", kind="", is_leaf=True, order=0, shape=()
    )
    assert worsened(GOOD, KNOWN, listed) == ()
    assert worsened(GOOD, KNOWN, replace(listed, listed=False)) != ()


def test_parameters_that_differ_are_worse(worsened):
    found = worsened(GOOD, KNOWN, parameters=(replace(WEIGHT, verdict=Verdict.MISMATCH),))
    assert found == (Worsening("good.weight", "mismatch instead of identical"),)


def test_other_inputs_are_refused(worsened):
    with pytest.raises(UserError, match="other inputs"):
        worsened(GOOD, KNOWN, inputs="def")


def test_the_factor_is_in_the_file(tmp_path):
    path = tmp_path / "baseline.json"
    write_baseline(outcome(GOOD), path)
    content = json.loads(path.read_text())
    assert content["factor"] == 4
    path.write_text(json.dumps({**content, "factor": 100}))
    assert read_baseline(path).worsened(to_dict(outcome(replace(GOOD, isolated=error(2e-5))))) == ()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": 1}', '{"schema": 2}', '{"schema": 1, "factor": "x"}'])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "baseline.json"
    path.write_text(content)
    with pytest.raises(UserError, match=r"no baseline|newer"):
        read_baseline(path)
    with pytest.raises(UserError, match="cannot read"):
        read_baseline(tmp_path / "nothing.json")


def test_infinite_errors_survive_the_file(tmp_path):
    path = tmp_path / "baseline.json"
    infinite = replace(KNOWN, isolated=error(float("inf")))
    write_baseline(outcome(infinite), path)
    assert read_baseline(path).worsened(to_dict(outcome(infinite))) == ()
    assert baseline_of(to_dict(outcome(infinite))).allowed["layers"]["known"]["isolated"] == "Infinity"
