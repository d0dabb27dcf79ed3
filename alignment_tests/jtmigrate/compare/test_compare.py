"""Whole comparisons of hand-made traces."""

from dataclasses import replace

import numpy as np
import pytest

from jtmigrate.compare.compare import compare
from jtmigrate.compare.pairing import Runs, reason_for
from jtmigrate.compare.parameters import compare_parameters
from jtmigrate.compare.result import Verdict
from jtmigrate.trace.record import LayerRecord, Trace


def layer(path, value, given=1.0, call=0, parent="", **changes):
    arrays = {"inputs": {"0": np.array([given])}, "outputs": {"": np.array([value])}}
    record = LayerRecord(path=path, call=call, kind="Layer", is_leaf=bool(path), parent=parent, **arrays)
    return replace(record, **changes)


def trace(*layers, dtype="float32", uncalled=(), state=None):
    def cast(arrays):
        return {name: array.astype(dtype) for name, array in arrays.items()}

    cast_layers = (replace(one, inputs=cast(one.inputs), outputs=cast(one.outputs)) for one in layers)
    return Trace("someframework", dtype, tuple(cast_layers), state or {}, uncalled)


CHAIN = (layer("a", 2.0, 1.0), layer("b", 3.0, 2.0), layer("", 3.0, 1.0, parent=None))


def outcome(reference=CHAIN, candidate=CHAIN, isolated=None, candidate64=None, uncalled=((), ()), **options):
    runs = Runs(
        trace(*reference, uncalled=uncalled[0]),
        trace(*reference, dtype="float64", uncalled=uncalled[0]),
        trace(*candidate, uncalled=uncalled[1]),
        trace(*(candidate64 or candidate), dtype="float64", uncalled=uncalled[1]),
        trace(*[replace(one, handed=one.handed) for one in isolated or reference if one.path]),
    )
    return compare(runs, **options)


def test_equal_runs_are_aligned():
    result = outcome()
    assert result
    assert result.first_fault is None
    assert result.cause == ""
    assert result.counts[Verdict.IDENTICAL] == 3


def test_the_layer_that_fails_alone_is_at_fault_although_another_differs_earlier():
    candidate = (layer("a", 2.1, 1.0), layer("b", 9.0, 2.1), layer("", 9.0, 1.0, parent=None))
    result = outcome(candidate=candidate, isolated=(layer("a", 2.0), layer("b", 8.0)))
    assert not result
    assert result.first_fault.key == "b"
    assert result.first_fault.own_fault


def test_without_an_isolated_mismatch_the_layer_that_turns_agreement_into_difference_is_at_fault():
    """The first leaf that differs was handed something else already: by its container, which finishes later."""
    reference = (
        layer("block.a", 2.0, 1.0, parent="block"),
        layer("block.b", 3.0, 2.0, parent="block"),
        layer("block", 3.0, 1.0, is_leaf=False),
        layer("", 3.0, 1.0, parent=None),
    )
    off = 1 + 1e-8
    candidate64 = (
        layer("block.a", 2.0, 1.0, parent="block"),
        layer("block.b", 3.0 * off, 2.0 * off, parent="block"),
        layer("block", 3.0 * off, 1.0, is_leaf=False),
        layer("", 3.0 * off, 1.0, parent=None),
    )
    assert outcome(reference, reference, reference[:2], candidate64).first_fault.key == "block"


def test_a_layer_that_the_candidate_never_calls_is_never_a_pass():
    result = outcome(candidate=(CHAIN[0], CHAIN[2]))
    assert not result
    assert [one.key for one in result.layers if one.verdict is Verdict.UNCOMPARED] == ["b"]
    listed = outcome(candidate=(CHAIN[0], CHAIN[2]), exceptions=[("b", "fused into a")])
    assert "at most 2% may be" in " ".join(listed.failures)


def test_a_few_listed_layers_may_stay_uncompared():
    many = tuple(layer(f"layer{index}", 1.0) for index in range(100))
    result = outcome(many, many[:-1], exceptions=[("layer99", "not ported yet")])
    assert result
    assert result.layers[99].listed
    assert "not ported yet" in result.layers[99].reason
    assert not outcome(many, many[:-1])


def test_modules_on_one_side_only_need_a_reason():
    assert not outcome(uncalled=(("spare",), ()))
    assert not outcome(uncalled=((), ("extra",)))
    assert not outcome(candidate=(*CHAIN, layer("a", 2.0, call=1)))
    assert [one.key for one in outcome(uncalled=(("spare",), ("spare",))).layers].count("spare") == 1


def test_nothing_compared_is_a_failure():
    result = outcome(reference=(), candidate=(), isolated=())
    assert not result
    assert result.failures == ("no layer was compared",)


def test_nan_on_both_sides_fails_unless_allowed():
    nan = (layer("a", np.nan), layer("", 1.0, parent=None))
    assert not outcome(nan, nan)
    allowed = outcome(nan, nan, allow_nonfinite=True)
    assert allowed
    assert "NaN" in allowed.warnings[0]


def test_an_exception_covers_what_lies_below_it_and_nothing_else():
    assert reason_for("head.loss.weight", [("head", "training only")]) == "training only"
    assert reason_for("header", [("head", "training only")]) is None


def test_parameters_are_compared_bit_by_bit():
    weight = np.array([1.0, 2.0003], np.float32)
    reference = {"a.weight": weight, "b.weight": weight, "bn.num_batches_tracked": np.array(3), "c.weight": weight}
    candidate = {"a.weight": weight, "b.weight": weight.astype(np.float16).astype(np.float32), "d.weight": weight}
    by_name = {one.name: one for one in compare_parameters(reference, candidate, ())}
    assert by_name["a.weight"].verdict is Verdict.IDENTICAL
    assert by_name["b.weight"].verdict is Verdict.MISMATCH
    assert "float16" in by_name["b.weight"].reason
    assert by_name["b.weight"].max_abs == pytest.approx(3e-4, rel=0.1)
    assert by_name["bn.num_batches_tracked"].listed
    assert not by_name["c.weight"].listed
    assert by_name["d.weight"].verdict is Verdict.UNCOMPARED


def test_something_has_to_be_compared_with_something():
    with pytest.raises(ValueError, match="same precision"):
        compare(Runs(reference32=trace(*CHAIN), candidate64=trace(*CHAIN, dtype="float64")))
