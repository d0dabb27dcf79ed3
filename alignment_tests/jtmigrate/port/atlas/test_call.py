"""One call is translated: what moves, what is left out, what is refused."""

from typing import Any

import pytest

from jtmigrate.port.atlas.call import UNKNOWN, Arguments, CannotTranslate, Values, signature, translate
from jtmigrate.port.atlas.entry import Entry, Kind, Support

ENTRY = Entry(
    "torch.f",
    Kind.FUNCTION,
    'input, dim=None, keepdim=False, *, dtype=None, device=None, mode="mean"',
    "jtmigrate.parity.f",
    rename={"keepdim": "keepdims"},
    ignored=("device",),
    only={"dtype": (None,)},
    explicit={"mode": "mean"},
    in_place=2,
    advice="cast afterwards",
)


def translated(*positional: Any, entry: Entry = ENTRY, **named: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    places, names = translate(entry, positional, named, Values())
    return places, dict(names)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(translated("x"), (("x",), {"mode": "mean"}), id="a default that differs is written out"),
        pytest.param(translated("x", 1), (("x", 1), {"mode": "mean"}), id="positions stay"),
        pytest.param(translated("x", dim=1), (("x",), {"dim": 1, "mode": "mean"}), id="names stay"),
        pytest.param(translated("x", 1, True), (("x", 1), {"keepdims": True, "mode": "mean"}), id="by name from there"),
        pytest.param(
            translated(keepdim=True, input="x", mode="sum"),
            ((), {"input": "x", "keepdims": True, "mode": "sum"}),
            id="any order",
        ),
        pytest.param(translated("x", device="cuda", dtype=None), (("x",), {"mode": "mean"}), id="left out"),
    ],
)
def test_arguments(given: tuple, expected: tuple) -> None:
    assert given == expected


def test_what_follows_a_left_out_position_is_passed_by_name() -> None:
    entry = Entry("torch.g", Kind.FUNCTION, "a, b=None, c=1", "jittor.g", ignored=("b",))
    assert translated(1, 2, 3, entry=entry) == ((1,), {"c": 3})


def test_what_has_no_name_goes_by_place() -> None:
    entry = Entry("torch.g", Kind.FUNCTION, "input, dims, k=1", "jittor.g", by_place=("input", "dims"))
    assert translated(k=2, dims=(0, 1), input="x", entry=entry) == (("x", (0, 1)), {"k": 2})


def test_starred_parameters_take_the_rest() -> None:
    entry = Entry("torch.Tensor.g", Kind.METHOD, "*size, out=None, **more", "jittor.Var.g", rename={"out": "to"})
    assert translated(1, 2, 3, out=4, other=5, entry=entry) == ((1, 2, 3), {"to": 4, "other": 5})


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"dtype": "float64"}, r"torch\.f: dtype is 'float64', only None can be translated: cast afterwards"),
        ({"dtype": UNKNOWN}, "dtype is a value that only a run tells"),
        ({"dtype": False}, "dtype is False"),
        ({"axis": 1}, r"unexpected keyword argument 'axis'; PyTorch's signature is \(input"),
    ],
)
def test_refusals_name_the_argument(named: dict[str, Any], message: str) -> None:
    with pytest.raises(CannotTranslate, match=message):
        translated("x", **named)


def test_equal_values_of_another_type_are_not_the_same() -> None:
    entry = Entry("torch.g", Kind.FUNCTION, "a, flag=False", "jittor.g", only={"flag": (False,)}, advice="do without")
    assert translated(1, flag=False, entry=entry) == ((1,), {})
    with pytest.raises(CannotTranslate, match="flag is 0"):
        translated(1, flag=0, entry=entry)


def test_a_piece_of_source_code_can_be_an_argument() -> None:
    class Source:
        def literal(self, argument: str) -> object:
            return {"None": None}.get(argument, UNKNOWN)

        def write(self, value: object) -> str:
            return repr(value)

    assert translate(ENTRY, ["x"], {"dtype": "None"}, Source()) == Arguments(("x",), {"mode": "'mean'"})


def test_signatures_are_those_of_a_def() -> None:
    assert str(signature("a, /, b=1, *c, d='e', **f")) == "(a, /, b=1, *c, d='e', **f)"


def test_support_is_read_off_the_counterpart() -> None:
    assert ENTRY.support is Support.PARITY
    assert Entry("torch.g", Kind.FUNCTION).support is Support.MISSING
    method = Entry("torch.Tensor.g", Kind.METHOD, "", "jittor.Var.g")
    assert (method.support, method.stays_method) == (Support.DIRECT, True)
