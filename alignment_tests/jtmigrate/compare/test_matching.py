"""Ports whose modules have other names, orders and layouts than the original's."""

import json
from dataclasses import replace

import numpy as np
import pytest

from jtmigrate.compare.compare import compare
from jtmigrate.compare.matching import How, Pair, from_plain, mapped_path, match, remarks, to_plain
from jtmigrate.compare.pairing import Runs
from jtmigrate.compare.renaming import renamed, renamed_replay
from jtmigrate.compare.result import Verdict
from jtmigrate.trace.record import LayerRecord, Trace
from jtmigrate.trace.sketch import sketch


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def layer(path, *shape, call=0, parent="", given=(2, 4), **changes):
    """A call that returns an array of a shape, always the same one."""
    record = LayerRecord(
        path=path,
        call=call,
        kind="Layer",
        is_leaf=True,
        inputs={"0": noise(*given)},
        outputs={"": noise(*shape)},
        parent=parent,
    )
    return replace(record, **changes)


def root(**changes):
    return layer("", 2, 4, parent=None, is_leaf=False, **changes)


def trace(*layers, state=None, **changes):
    return replace(Trace("someframework", "float32", (*layers, root()), state or {}), **changes)


def pairs(matching):
    return {(pair.reference, pair.candidate): pair.how for pair in matching.modules if pair.reference}


def test_equal_names_are_paired_by_name_and_need_no_remark():
    ours = trace(layer("a", 2, 4), layer("b", 2, 3), state={"a.weight": noise(4, 4)})
    matching = match(ours, ours)
    assert {pair.how for pair in (*matching.modules, *matching.parameters)} == {How.NAME}
    assert list(remarks(matching)) == []
    assert renamed(ours, matching) == ours


@pytest.mark.parametrize(
    ("path", "expected"),
    [("body.conv", "backbone.conv"), ("body.neck.x", "neck.x"), ("bodywork", None), ("body", "backbone")],
)
def test_a_map_renames_by_the_longest_prefix(path, expected):
    assert mapped_path(path, {"body": "backbone", "body.neck": "neck"}) == expected


def test_a_map_pairs_modules_and_their_parameters():
    original = trace(layer("backbone.conv", 2, 4), layer("backbone", 2, 4), state={"backbone.conv.weight": noise(4, 4)})
    port = trace(layer("body.conv", 2, 4), layer("body", 2, 4), state={"body.conv.weight": noise(4, 4)})
    matching = match(original, port, {"body": "backbone"})
    expected = {("backbone.conv", "body.conv"): How.MAP, ("backbone", "body"): How.MAP}
    assert pairs(matching) == expected
    assert matching.parameters == (Pair("backbone.conv.weight", "body.conv.weight", How.MAP),)
    assert compare(Runs(reference32=original, candidate32=renamed(port, matching)))


def test_a_swapped_map_swaps():
    original = trace(layer("a", 2, 4), layer("b", 2, 3))
    port = trace(layer("b", 2, 4), layer("a", 2, 3))
    matching = match(original, port, {"a": "b", "b": "a"})
    assert pairs(matching) == {("a", "b"): How.MAP, ("b", "a"): How.MAP}
    assert compare(Runs(reference32=original, candidate32=renamed(port, matching)))


def test_what_no_name_pairs_is_paired_by_order_and_shape():
    """Parameterless modules too: an activation between two layers of known names can be no other."""
    original = trace(layer("conv1", 2, 4), layer("relu", 2, 4), layer("conv2", 2, 3), layer("flatten", 6))
    port = trace(layer("conv1", 2, 4), layer("act", 2, 4), layer("conv2", 2, 3), layer("reshape", 6))
    matching = match(original, port)
    assert pairs(matching)["relu", "act"] is How.ORDER
    assert pairs(matching)["flatten", "reshape"] is How.ORDER
    assert next(remarks(matching)) == "paired by order and shape, not by name: act as relu, reshape as flatten"
    assert compare(Runs(reference32=original, candidate32=renamed(port, matching)))


def test_repeated_calls_of_one_module_stay_together():
    original = trace(layer("act", 2, 4), layer("act", 2, 4, call=1), layer("last", 2, 3))
    port = trace(layer("relu", 2, 4), layer("relu", 2, 4, call=1), layer("last", 2, 3))
    matching = match(original, port)
    assert pairs(matching)["act", "relu"] is How.ORDER
    assert [each.key for each in renamed(port, matching).layers] == ["act", "act#1", "last", ""]


def test_one_module_for_two_is_no_certain_pair():
    """The original shares an activation, the port has two: neither of them is the original's."""
    original = trace(layer("act", 2, 4), layer("act", 2, 4, call=1))
    port = trace(layer("act1", 2, 4), layer("act2", 2, 4))
    matching = match(original, port)
    assert pairs(matching) == {}
    assert matching.ambiguous == {"act": ("act1", "act2")}


def test_doubtful_pairs_stay_unmatched_and_are_listed():
    original = trace(layer("conv1", 2, 4), layer("relu", 2, 4), layer("conv2", 2, 3))
    port = trace(layer("conv1", 2, 4), layer("x", 2, 4), layer("y", 2, 4), layer("conv2", 2, 3))
    matching = match(original, port)
    assert ("relu", "x") not in pairs(matching)
    assert matching.ambiguous == {"relu": ("x", "y")}
    assert "relu has no certain counterpart (may be x, y)" in next(remarks(matching))
    result = compare(Runs(reference32=original, candidate32=renamed(port, matching)))
    assert not result
    assert {one.key for one in result.layers if one.verdict is Verdict.UNCOMPARED} == {"relu", "x", "y"}


def test_shapes_that_differ_are_not_paired():
    matching = match(trace(layer("a", 2, 4)), trace(layer("b", 2, 5)))
    assert pairs(matching) == {}


def test_nested_results_and_none_are_told_apart_by_their_shapes():
    nested = {"features.low": noise(2, 3), "features.high.0": noise(1)}
    original = trace(layer("a", outputs=nested), layer("b", outputs={}))
    port = trace(layer("x", outputs={"0": noise(2, 3), "1": noise(1)}), layer("y", outputs={}))
    assert pairs(match(original, port)) == {("a", "x"): How.ORDER, ("b", "y"): How.ORDER}


def test_parameters_of_another_name_are_paired_by_value():
    original = trace(layer("fc", 2, 4), state={"fc.weight": noise(4, 4), "fc.bias": noise(4), "fc.scale": noise(4)})
    port = trace(layer("fc", 2, 4), state={"fc.w": noise(4, 4), "fc.bias": noise(4), "fc.other": noise(4, seed=1)})
    matching = match(original, port)
    assert Pair("fc.weight", "fc.w", How.VALUE) in matching.parameters
    assert "fc.other" not in matching.parameter_names


def test_a_transposed_parameter_is_compared_transposed_and_told():
    weight = noise(3, 4)
    original = trace(layer("fc", 2, 3), state={"fc.weight": weight}, gradients={"fc.weight": weight + 1})
    port = trace(layer("fc", 2, 3), state={"fc.weight": weight.T.copy()}, gradients={"fc.weight": weight.T + 1})
    matching = match(original, port)
    assert matching.parameters == (Pair("fc.weight", "fc.weight", How.TRANSPOSED),)
    assert list(remarks(matching)) == ["parameters that equal the reference's transposed: fc.weight"]
    same_names = renamed(port, matching)
    np.testing.assert_array_equal(same_names.gradients["fc.weight"], weight + 1)
    assert compare(Runs(reference32=original, candidate32=same_names))


def test_a_transposed_square_parameter_is_told_and_fails():
    weight = noise(4, 4)
    original = trace(layer("fc", 2, 4), state={"fc.weight": weight})
    port = trace(layer("fc", 2, 4), state={"fc.weight": weight.T.copy()})
    matching = match(original, port)
    assert matching.parameters == (Pair("fc.weight", "fc.weight", How.TRANSPOSED),)
    assert not compare(Runs(reference32=original, candidate32=renamed(port, matching)))


def test_a_symmetric_matrix_is_not_transposed():
    weight = np.eye(4, dtype=np.float32)
    ours = trace(layer("fc", 2, 4), state={"fc.weight": weight})
    assert {pair.how for pair in match(ours, ours).parameters} == {How.NAME}


def test_sketches_are_paired_by_name_and_shape():
    original = trace(layer("fc", 2, 4), layer("relu", 2, 4), state={"fc.weight": sketch(noise(3, 4))})
    port = trace(layer("fc", 2, 4), layer("act", 2, 4), state={"fc.weight": sketch(noise(4, 3))})
    matching = match(original, port)
    assert pairs(matching)["relu", "act"] is How.ORDER
    assert matching.parameter_names == {"fc.weight": "fc.weight"}


def test_a_replay_has_the_reference_s_paths_already():
    port = trace(layer("body", 2, 4), state={"body.w": noise(4, 4)})
    original = trace(layer("backbone", 2, 4), state={"backbone.weight": noise(4, 4)})
    matching = match(original, port, {"body": "backbone"})
    replayed = trace(
        layer("backbone", 2, 4, pullback={"parameter w": noise(4, 4), "input 0": noise(2, 4)}, buffers={"w": noise(1)}),
        state={"body.w": noise(4, 4)},
    )
    named = renamed_replay(replayed, matching)
    assert named.layers[0].pullback.keys() == {"parameter weight", "input 0"}
    assert named.layers[0].buffers.keys() == {"weight"}
    assert named.state.keys() == {"backbone.weight"}


def test_uncalled_modules_and_settings_are_renamed_too():
    original = trace(layer("a.b", 2, 4), uncalled=("a.spare",), settings={"a.b": {"eps": 1}})
    port = trace(layer("x.b", 2, 4), uncalled=("x.spare",), settings={"x.b": {"eps": 2}})
    named = renamed(port, match(original, port, {"x": "a"}))
    assert named.uncalled == ("a.spare",)
    assert named.settings == {"a.b": {"eps": 2}}
    assert named.by_key.keys() == {"a.b", ""}


def test_a_matching_survives_a_file():
    original = trace(layer("a", 2, 4), layer("relu", 2, 4), layer("c", 2, 3), state={"a.weight": noise(3, 4)})
    port = trace(layer("x", 2, 4), layer("act", 2, 4), layer("c", 2, 3), state={"x.weight": noise(3, 4).T.copy()})
    matching = match(original, port, {"x": "a"})
    back = from_plain(json.loads(json.dumps(to_plain(matching))))
    assert list(remarks(back)) == list(remarks(matching))
    assert back.own_names["relu"] == "act"
    assert renamed(port, back).by_key.keys() == renamed(port, matching).by_key.keys()
