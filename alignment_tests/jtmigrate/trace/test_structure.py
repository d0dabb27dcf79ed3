from dataclasses import dataclass
from typing import Any

import pytest

from jtmigrate.trace.structure import Slot, matching_slots, plain_members, put_together, take_apart


@dataclass(frozen=True)
class Found:
    boxes: Any
    names: Any


def is_number(value):
    return isinstance(value, float)


@pytest.mark.parametrize(
    ("value", "template", "tensors"),
    [
        (1.0, Slot(""), {"": 1.0}),
        ((1.0, None), (Slot("0"), None), {"0": 1.0}),
        ({"a": [1.0, "text"], "b": 2.0}, {"a": [Slot("a.0"), "text"], "b": Slot("b")}, {"a.0": 1.0, "b": 2.0}),
        ((), (), {}),
        ([Found(1.0, "cat")], [Found(Slot("0.boxes"), "cat")], {"0.boxes": 1.0}),
    ],
)
def test_there_and_back(value, template, tensors):
    assert take_apart(value, is_number) == (template, tensors)
    assert put_together(template, tensors) == value


def test_slots_match_by_name_and_else_by_position():
    assert list(matching_slots({"a": 1, "b": 2}, {"b": 4, "a": 3})) == [("a", 1, 3), ("b", 2, 4)]
    assert list(matching_slots({"0": 1, "1": 2}, {"boxes": 3, "scores": 4})) == [("0", 1, 3), ("1", 2, 4)]
    assert list(matching_slots({"0": 1, "1": 2}, {"0": 3})) == [("0", 1, 3), ("1", 2, None)]


def test_what_a_template_holds_besides_slots():
    template = (Slot("0"), {"count": 3, "nothing": None}, Found([Slot("2.boxes.0")], "cat"))
    assert plain_members(template) == {"1.count": 3, "2.names": "cat"}
