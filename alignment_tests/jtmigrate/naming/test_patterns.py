"""Renamings by regular expression, and the ways back that are derived from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jtmigrate.errors import UserError
from jtmigrate.naming.patterns import Renaming


@pytest.mark.parametrize(
    ("pattern", "to", "name", "new"),
    [
        (r"^layers\.(\d+)\.", r"blocks.\1.", "layers.12.w", "blocks.12.w"),
        (r"(\w+)/(\w+)", r"\2:\1", "a/b", "b:a"),
        (r"^(?P<i>\d+)_(?P<kind>w|b)$", r"\g<kind>.\g<i>", "3_w", "w.3"),
        (r"kernel$", "weight", "conv.kernel", "conv.weight"),
        (r"a\[([^)\]]+)\]", r"a(\1)", "a[0]x", "a(0)x"),
        (r"\\(x)", r"\1\\", "a\\x", "ax\\"),
        (r"gamma", r"weight", "gamma.gamma", "weight.weight"),
    ],
)
def test_there_and_back(pattern: str, to: str, name: str, new: str) -> None:
    renaming = Renaming(pattern, to)
    assert renaming.renamed(name) == new
    assert renaming.reverse().renamed(new) == name
    assert renaming.reverse().reverse().renamed(name) == new


def test_no_match_is_told_from_no_change() -> None:
    assert Renaming("a", "b").renamed("c") is None
    assert Renaming("a", "a").renamed("a") == "a"
    assert Renaming("a", "b", whole=True).renamed("aa") is None


@given(st.text(min_size=1), st.text())
def test_plain_text_of_any_kind_comes_back(old: str, new: str) -> None:
    renaming = Renaming(f"^{_escaped(old)}", new.replace("\\", "\\\\"))
    assert renaming.renamed(f"{old}!") == f"{new}!"
    assert renaming.reverse().renamed(f"{new}!") == f"{old}!"


def _escaped(text: str) -> str:
    return "".join(character if character.isalnum() else f"\\{character}" for character in text)


def test_a_way_back_that_is_given() -> None:
    renaming = Renaming(r"norm\d", "norm", ("norm", "norm1"))
    assert renaming.reverse().renamed("norm") == "norm1"
    assert renaming.reverse().reverse() == renaming


@pytest.mark.parametrize(
    ("pattern", "to", "message"),
    [
        ("a.b", "c", r"because of '.': write \\. for a dot"),
        ("a+", "b", "put it into a group"),
        (r"\d", "b", "into a group"),
        (r"(a)(b)", r"\1", "use each group once"),
        (r"(a)", r"\1\1", "use each group once"),
        (r"((a)b)", r"\1", "no plain group"),
        (r"(?:a|b)", "c", "no plain group"),
        ("a^b", "c", r"because of '\^'"),
    ],
)
def test_what_has_no_way_back(pattern: str, to: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Renaming(pattern, to).reverse()


@pytest.mark.parametrize(("pattern", "to"), [("(", ""), ("a", r"\1"), ("a", r"\g<x>"), ("*", "")])
def test_what_is_no_regular_expression(pattern: str, to: str) -> None:
    with pytest.raises(UserError, match="is no regular expression"):
        Renaming(pattern, to)
