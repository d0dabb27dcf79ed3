import json
from collections import namedtuple
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from jtmigrate.trace.structure import Opaque, Slot
from jtmigrate.trace.templates import decode, encode, opaque_members

Point = namedtuple("Point", "x y")


@dataclass
class Found:
    count: int
    boxes: Slot


@pytest.mark.parametrize(
    "template",
    [
        None,
        True,
        3,
        2.5,
        float("inf"),
        "nearest",
        (),
        [1, (2, [None])],
        {"mode": "nearest", 3: {"size": (2, 2)}},
        (Slot(""), {"mask": Slot("mask"), "more": [Slot("more.0")]}),
    ],
)
def test_there_and_back_through_json(template):
    back = decode(json.loads(json.dumps(encode(template), allow_nan=False)))
    assert back == template
    assert type(back) is type(template)


def test_what_json_cannot_hold():
    assert decode(encode(Point(1, Slot("0")))) == (1, Slot("0"))
    assert decode(encode(Found(1, Slot("boxes")))) == SimpleNamespace(count=1, boxes=Slot("boxes"))
    assert decode(encode(np.float32(0.5))) == 0.5
    assert np.isnan(decode(encode(float("nan"))))
    lost = decode(encode(({"device": object}, [Slot("0")])))
    assert [member.text for member in opaque_members(lost)] == ["<class 'object'>"]
    assert encode(lost) == encode(({"device": Opaque("<class 'object'>")}, [Slot("0")]))


def test_unknown_parts_are_refused():
    with pytest.raises(ValueError, match="unknown part"):
        decode({"code": "import os"})
