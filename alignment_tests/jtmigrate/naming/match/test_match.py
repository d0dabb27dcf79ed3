"""Matchers one by one, on schemas, arrays and hand-made traces; what cannot be known is listed, never guessed."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_tests.jtmigrate.naming.rules.parsed import rules
from jtmigrate.naming.match import MatchResult, Pair, Side, match
from jtmigrate.naming.match.normalised import normalised
from jtmigrate.naming.rules import apply_rules
from jtmigrate.naming.schema import TensorSpec
from jtmigrate.trace.record import LayerRecord, Trace

Shapes = Mapping[str, tuple[int, ...]]


def side(shapes: Shapes, trace: Trace | None = None) -> Side:
    return Side({name: TensorSpec(shape, "float32") for name, shape in shapes.items()}, trace=trace)


def valued(arrays: Mapping[str, np.ndarray]) -> Side:
    return Side({name: TensorSpec(array.shape, array.dtype.name) for name, array in arrays.items()}, arrays)


def trace(outputs: Mapping[str, np.ndarray], dtype: str = "float32") -> Trace:
    """A run in which every module was called once, in this order."""
    layers = tuple(LayerRecord(path, 0, "Any", True, {}, {"": output}) for path, output in outputs.items())
    return Trace("any", dtype, layers, {})


def paired(result: MatchResult) -> dict[str, str]:
    return {pair.target: pair.source for pair in result.pairs}


def only(result: MatchResult) -> Pair:
    assert result
    assert len(result.pairs) == 1
    return result.pairs[0]


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).standard_normal(shape).astype(np.float32)


def test_exact_names() -> None:
    result = match(side({"a.weight": (2, 3)}), side({"a.weight": (2, 3)}))
    assert only(result) == Pair("a.weight", "a.weight", "same name", 1.0)
    assert not match(side({"a.weight": (2, 3)}), side({"a.weight": (2, 4)})).pairs


def test_a_scalar_fits_what_jittor_makes_of_it() -> None:
    assert match(side({"scale": ()}), side({"scale": (1,)}))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("module.Layer_Norm.gamma", "layernorm.weight"),
        ("model/conv1/kernel:0", "conv1.weight"),
        ("bn.moving_mean", "bn.running_mean"),
        ("bn.moving_variance", "bn.running_var"),
        ("encoder.layer_0.beta", "Encoder.layer.0.bias"),
        ("net.stages-1.w", "stages_1.weight"),
    ],
)
def test_normalised_names(old: str, new: str) -> None:
    assert normalised(old) == normalised(new)
    pair = only(match(side({old: (4,)}), side({new: (4,)})))
    assert (pair.reason, pair.confidence) == ("same name but for spelling", 0.9)


def test_names_that_are_spelt_alike_twice_are_ambiguous() -> None:
    result = match(side({"a_1.weight": (2,), "a1.weight": (2,)}), side({"A1.weight": (2,)}))
    assert not result
    assert not result.pairs
    assert result.ambiguous[0].target == "A1.weight"
    assert set(result.ambiguous[0].candidates) == {"a_1.weight", "a1.weight"}


@pytest.mark.parametrize(
    ("shape", "other", "axes"),
    [((3, 5), (5, 3), (1, 0)), ((3, 3, 4, 8), (8, 4, 3, 3), (3, 2, 0, 1)), ((8, 4, 3, 3), (3, 3, 4, 8), (2, 3, 1, 0))],
)
def test_weights_that_fit_only_transposed(
    shape: tuple[int, ...], other: tuple[int, ...], axes: tuple[int, ...]
) -> None:
    pair = only(match(side({"fc.kernel": shape}), side({"fc.weight": other})))
    assert pair.axes == axes
    assert pair.reason.endswith(", transposed")
    assert pair.confidence == pytest.approx(0.72)


def test_square_weights_are_flagged_unless_values_are_equal() -> None:
    assert "transposed" in only(match(side({"fc.weight": (4, 4)}), side({"fc.weight": (4, 4)}))).flag
    weight = random(4, 4)
    assert not match(valued({"fc.weight": weight}), valued({"fc.weight": weight})).flagged
    assert match(valued({"fc.weight": weight}), valued({"fc.weight": weight.T})).flagged
    assert not match(side({"a": (1, 1), "b": (2, 3)}), side({"a": (1, 1), "b": (2, 3)})).flagged


def test_structure_and_shape() -> None:
    old = {"x.weight": (8, 3), "x.bias": (8,), "y.weight": (8, 3), "z.weight": (8,), "z.bias": (8,)}
    new = {"p.weight": (8, 3), "p.bias": (8,), "q.weight": (8, 3), "r.weight": (8,), "r.bias": (8,)}
    result = match(side(old), side(new))
    expected = {"p": "x", "q": "y", "r": "z"}
    assert paired(result) == {name: f"{expected[name[0]]}{name[1:]}" for name in new}
    assert {pair.confidence for pair in result.pairs} == {0.6}


def test_twins_are_never_guessed_by_structure() -> None:
    twins = {"a.weight": (4, 3), "b.weight": (4, 3)}
    result = match(side(twins), side({"c.weight": (4, 3), "d.weight": (4, 3)}))
    assert not result.pairs
    assert [a.target for a in result.ambiguous] == ["c.weight", "d.weight"]
    assert {a.candidates for a in result.ambiguous} == {("a.weight", "b.weight")}


def test_call_order_tells_twins_apart() -> None:
    old = {"first.weight": (4, 4), "second.weight": (4, 4), "third.kernel": (4, 2)}
    new = {"three.weight": (2, 4), "two.weight": (4, 4), "one.weight": (4, 4)}
    order = {path: np.zeros(1) for path in ("first", "second", "third")}
    orders = {path: np.zeros(1) for path in ("one", "two", "three")}
    result = match(side(old, trace(order)), side(new, trace(orders)))
    assert paired(result) == {
        "one.weight": "first.weight",
        "two.weight": "second.weight",
        "three.weight": "third.kernel",
    }
    assert {pair.confidence for pair in result.pairs if pair.target != "three.weight"} == {0.8}


def test_another_number_of_calls_says_nothing() -> None:
    twins = {"a.weight": (4, 3), "b.weight": (4, 3)}
    called = trace({"a": np.zeros(1), "b": np.zeros(1)})
    result = match(side(twins, called), side({"c.weight": (4, 3), "d.weight": (4, 3)}, trace({"c": np.zeros(1)})))
    assert not result.pairs


def test_equal_values() -> None:
    a, b, square = random(4, 3), random(4, 3, seed=1), random(5, 5)
    old = valued({"a": a, "b": b, "zero.weight": np.zeros((4, 3), np.float32), "square": square})
    new = valued({"c": b.astype(np.float64), "d": a, "e.weight": np.zeros((4, 3), np.float32), "f": square.T.copy()})
    result = match(old, new)
    assert paired(result) == {"c": "b", "d": "a", "e.weight": "zero.weight", "f": "square"}
    pairs = {pair.target: pair for pair in result.pairs}
    assert pairs["f"] == Pair("square", "f", "equal values, transposed", 1.0, (1, 0))


def test_a_swap_of_names_is_flagged() -> None:
    a, b = random(4, 3), random(4, 3, seed=1)
    result = match(valued({"x": a, "y": b}), valued({"x": b, "y": a}))
    assert [(pair.target, pair.flag) for pair in result.flagged] == [
        ("x", "its values are those of y"),
        ("y", "its values are those of x"),
    ]


def test_constants_tell_nothing() -> None:
    ones = {"a": np.ones((2, 2)), "b": np.ones((2, 2))}
    assert not match(valued(ones), valued({"c": np.ones((2, 2)), "d": np.ones((2, 2))})).pairs


def test_equal_outputs_after_a_probe() -> None:
    """Twins called in another order, one of them held transposed and square: only what they return tells."""
    one, two = random(2, 4), random(2, 4, seed=1)
    old = side({"a.weight": (4, 4), "a.bias": (4,), "b.weight": (4, 4), "b.bias": (4,)}, trace({"a": one, "b": two}))
    noisy = one + 1e-6 * random(2, 4, seed=2)
    news = {"x.w": (4, 4), "x.b": (4,), "y.w": (4, 4), "y.b": (4,), "more.w": (9,)}
    result = match(old, side(news, trace({"y": two, "x": noisy})))
    assert paired(result) == {"x.w": "a.weight", "x.b": "a.bias", "y.w": "b.weight", "y.b": "b.bias"}
    assert {pair.confidence for pair in result.pairs} == {0.95}
    assert {pair.target for pair in result.flagged} == {"x.w", "y.w"}
    assert result.unmatched_targets == ("more.w",)


def test_counters_of_batches_need_no_counterpart() -> None:
    assert match(side({"a": (2,), "bn.num_batches_tracked": ()}), side({"a": (2,)}))


def check_rules(old: Sequence[str], new: Mapping[str, str]) -> None:
    """A map of these pairs, written and read, gives just these names."""
    unused = tuple(name for name in old if name not in new.values())
    pairs = tuple(Pair(source, target, "by hand", 1.0) for target, source in new.items())
    result = MatchResult(pairs, (), (), unused)
    found = apply_rules(rules(result.toml()), {name: TensorSpec((2,), "float32") for name in old})
    values = found.apply({name: name for name in old})
    assert {target: values[target] for target in new} == new
    assert len(values) == len(old)


@given(
    st.permutations(["a", "b", "c.d", "c-d", "e f", "$g^"]), st.permutations(["a", "b", "c.d", "c-d", "h\\", "'i'\n"])
)
def test_any_map_can_be_written_and_used(old: list[str], new: list[str]) -> None:
    """Swaps, circles and names that an unused tensor holds included."""
    check_rules(old, dict(zip(new[:4], old[:4], strict=True)))


def test_the_file_says_why_and_what_is_open() -> None:
    old = side({"a.kernel": (3, 4), "t.weight": (2,), "u.weight": (2,), "w.odd": (9,)})
    result = match(old, side({"a.weight": (4, 3), "c.weight": (2,), "d.weight": (2,), "e.more": (7,)}))
    text = result.toml()
    for line in (
        "# 0.72 same name but for spelling, transposed",
        r"rename = '^a\.kernel$'",
        "transpose = 'a\\.weight'",
        "# ambiguous: c.weight from one of t.weight, u.weight (the only one of its shape",
        "# nothing found for e.more",
        "# not used: w.odd",
    ):
        assert line in text
    assert rules(text) == result.rules()
    assert rules(match(side({"x": (1,)}), side({"y": (2,)})).toml()) == ()
