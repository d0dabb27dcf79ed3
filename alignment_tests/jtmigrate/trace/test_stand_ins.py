"""Recorder and stand-ins without any framework: "modules" are functions on numpy arrays."""

import sys

import numpy as np
import pytest

from jtmigrate.errors import UserError
from jtmigrate.trace.record import Trace
from jtmigrate.trace.recorder import Recorder
from jtmigrate.trace.stand_ins import StandIns

X = np.array([1.0, 2.0])


def is_array(value):
    return isinstance(value, np.ndarray)


def double(x):
    return x * 2


def record(container, **children):
    """The trace of `container(children...)` on X."""
    recorder = Recorder("numpy", is_array, np.copy)
    wrapped = {name: recorder.wrap(name, "Child", True, function) for name, function in children.items()}
    recorder.wrap("", "Container", False, lambda x: container(x, **wrapped))(X)
    return Trace("reference", "float32", recorder.fetched(list), {})


def replay(reference, container, **children):
    """The root of `reference` replayed with another container."""
    stand_ins = StandIns(reference, is_array, lambda: np.copy, np.copy)
    wrapped = {name: stand_ins.wrap(name, function) for name, function in children.items()}
    return stand_ins.perform(reference.by_key[""], "Container", False, lambda x: container(x, **wrapped))


def calls_twice(x, child):
    return child(child(x) + 1)


def test_calls_are_numbered_nested_and_finish_before_their_caller():
    trace = record(calls_twice, child=double)
    assert [layer.key for layer in trace.layers] == ["child", "child#1", ""]
    assert [layer.parent for layer in trace.layers] == ["", "", None]
    np.testing.assert_array_equal(trace.by_key["child#1"].inputs["0"], X * 2 + 1)
    np.testing.assert_array_equal(trace.by_key[""].outputs[""], (X * 2 + 1) * 2)


def test_an_input_is_seen_as_it_was_before_an_in_place_operation():
    def in_place(x):
        x *= 3
        return x

    trace = record(lambda x, child: child(x + 0), child=in_place)
    np.testing.assert_array_equal(trace.by_key["child"].inputs["0"], X)
    np.testing.assert_array_equal(trace.by_key["child"].outputs[""], X * 3)


def test_keywords_are_recorded_by_position():
    trace = record(lambda x, child: child(scale=x, shift=x), child=lambda shift, scale: shift + scale)
    assert list(trace.by_key["child"].inputs) == ["0", "1"]


def test_a_failing_layer_is_named():
    def fails(x):
        raise ValueError("no such axis\nand more")

    place = rf"\(alignment_tests/.*/test_stand_ins\.py:{fails.__code__.co_firstlineno + 1}\)"
    with pytest.raises(UserError, match=rf"^numpy: child \(Child\) raised ValueError: no such axis and more {place}$"):
        record(lambda x, child: child(x), child=fails)


def test_a_layer_that_ends_the_program_is_named():
    with pytest.raises(UserError, match=r"^numpy: child \(Child\) ended the program \(SystemExit: 0\)"):
        record(lambda x, child: child(x), child=lambda x: sys.exit(0))
    reference = record(calls_twice, child=double)
    assert replay(reference, lambda x, child: sys.exit(0), child=double).failure.startswith("ended the program")


def test_children_answer_with_the_reference_whatever_they_are():
    reference = record(calls_twice, child=double)
    alone = replay(reference, calls_twice, child=lambda x: x * np.nan)
    assert alone.failure == ""
    np.testing.assert_array_equal(alone.outputs[""], reference.by_key[""].outputs[""])
    np.testing.assert_array_equal(alone.handed["child#1/0"], X * 2 + 1)


def test_what_is_handed_shows_the_containers_own_fault():
    reference = record(calls_twice, child=double)
    alone = replay(reference, lambda x, child: child(child(x) - 1), child=double)
    np.testing.assert_array_equal(alone.outputs[""], reference.by_key[""].outputs[""])
    np.testing.assert_array_equal(alone.handed["child#1/0"], X * 2 - 1)


@pytest.mark.parametrize(
    ("container", "complaint"),
    [
        (lambda x, child, other: child(x), "does not call child 1 time where the reference does"),
        (lambda x, child, other: child(child(child(x))), "calls child once more than the reference"),
        (lambda x, child, other: other(x), "calls other unlike the reference"),
        (lambda x, child, other: child(x).no_such_thing, "raised AttributeError"),
    ],
)
def test_another_way_of_calling_children_is_told(container, complaint):
    reference = record(lambda x, child, other: (other, calls_twice(x, child))[1], child=double, other=double)
    reference = Trace("reference", "float32", reference.layers, {}, uncalled=("other",))
    assert complaint in replay(reference, container, child=double, other=double).failure


def test_a_module_unknown_to_the_reference_is_part_of_its_caller():
    reference = record(calls_twice, child=double)
    alone = replay(reference, lambda x, child, helper: helper(calls_twice(x, child)), child=double, helper=double)
    np.testing.assert_array_equal(alone.outputs[""], 2 * reference.by_key[""].outputs[""])
