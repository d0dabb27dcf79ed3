from dataclasses import replace
from xml.etree import ElementTree

from jtmigrate.compare.result import DEFAULT_TOLERANCES, DiffResult, LayerResult, ParameterResult, Verdict
from jtmigrate.report.junit import to_junit, write_junit


def layer(key, verdict, reason="", **more):
    return LayerResult(
        verdict=verdict, reason=reason, key=key, kind="Conv2d", is_leaf=True, order=0, shape=(1,), **more
    )


def outcome(layers, failures=(), fault=None):
    parameters = (ParameterResult("a.weight", (1,), Verdict.IDENTICAL, ""),)
    return DiffResult(tuple(layers), parameters, DEFAULT_TOLERANCES, fault, "", tuple(failures))


def parsed(result):
    return ElementTree.fromstring(to_junit(result))


def test_every_layer_and_parameter_is_a_test_case():
    suites = parsed(outcome([layer("a", Verdict.IDENTICAL), layer("", Verdict.ROUNDING)]))
    counts = {suite.get("name"): (suite.get("tests"), suite.get("failures")) for suite in suites}
    assert counts == {"run": ("1", "0"), "layers": ("2", "0"), "parameters": ("1", "0")}
    assert [case.get("name") for case in suites.iter("testcase")] == ["aligned", "a", "(whole model)", "a.weight"]
    assert not list(suites.iter("failure"))


def test_mismatches_fail_and_listed_layers_are_skipped():
    wrong = layer("a", Verdict.MISMATCH, "2e-3 of its maximum off")
    result = outcome(
        [
            wrong,
            layer("b", Verdict.UNCOMPARED, "never called"),
            layer("c", Verdict.UNCOMPARED, "listed: training only", listed=True),
        ],
        ["1 layer mismatch: a"],
        wrong,
    )
    suites = parsed(result)
    layers = next(suite for suite in suites if suite.get("name") == "layers")
    assert (layers.get("failures"), layers.get("skipped")) == ("2", "1")
    assert [each.get("message") for each in layers.iter("failure")] == [
        "mismatch: 2e-3 of its maximum off",
        "uncompared: never called",
    ]
    run = next(suite for suite in suites if suite.get("name") == "run")
    assert "1 layer mismatch: a" in next(run.iter("failure")).text


def test_names_that_xml_cannot_hold_are_escaped(tmp_path):
    fault = layer("a\x00<b>&", Verdict.MISMATCH, "\x1b[31mred")
    write_junit(replace(outcome([fault], ["\x07"], fault)), tmp_path / "junit.xml")
    cases = ElementTree.parse(tmp_path / "junit.xml").getroot().iter("testcase")
    assert any("<b>&" in case.get("name") for case in cases)
