"""Decorated functions are layers of a trace, and can be run alone. Without any framework."""

import numpy as np

from jtmigrate.trace.record import Trace
from jtmigrate.trace.recorder import Recorder
from jtmigrate.trace.stages import stage, stages_watched
from jtmigrate.trace.stand_ins import StandIns

X = np.array([1.0, 2.0])


def is_array(value):
    return isinstance(value, np.ndarray)


@stage("loss.inner")
def squared(x):
    return x * x


@stage("loss")
def loss(x, *, factor):
    return squared(x) * factor


@stage("loss")
def wrong_loss(x, *, factor):
    return squared(x) * factor + 1


def recorded(function):
    recorder = Recorder("numpy", is_array, np.copy)
    with stages_watched(lambda name, inner: recorder.wrap(name, "function", True, inner)):
        recorder.wrap("", "Model", False, lambda x: function(x, factor=3.0))(X)
    return Trace("numpy", "float32", recorder.fetched(list), {})


def test_stages_nest_and_know_whether_they_call_others():
    trace = recorded(loss)
    assert [(layer.key, layer.parent, layer.is_leaf) for layer in trace.layers] == [
        ("loss.inner", "loss", True),
        ("loss", "", False),
        ("", None, False),
    ]
    np.testing.assert_array_equal(trace.by_key["loss"].outputs[""], 3 * X * X)


def test_unwatched_stages_are_plain_functions():
    np.testing.assert_array_equal(loss(X, factor=2.0), 2 * X * X)
    assert loss.__name__ == "loss"


def test_a_stage_runs_alone_once_its_caller_was_met():
    reference = recorded(loss)
    stand_ins = StandIns(reference, is_array, lambda: np.copy, np.copy)
    with stages_watched(stand_ins.watch):
        root = stand_ins.perform(reference.by_key[""], "Model", False, lambda x: wrong_loss(x, factor=3.0))
        alone = stand_ins.perform(reference.by_key["loss"], "function", True, stand_ins.stage("loss"))
    np.testing.assert_array_equal(root.outputs[""], reference.by_key[""].outputs[""])
    np.testing.assert_array_equal(alone.outputs[""], reference.by_key["loss"].outputs[""] + 1)
    assert stand_ins.stage("never called") is None
