from jtmigrate.compare.coverage import account, nothing_compared
from jtmigrate.compare.result import Coverage, LayerResult, ParameterResult, Quantity, QuantityResult, Verdict


def layer(key, verdict=Verdict.ALIGNED, reason=""):
    return LayerResult(verdict=verdict, reason=reason, key=key, kind="Conv2d", is_leaf=True, order=0, shape=(1,))


def quantity(kind, name, verdict=Verdict.ALIGNED, reason=""):
    return QuantityResult(verdict=verdict, reason=reason, quantity=kind, name=name, path="", order=0, shape=(1,))


def test_every_sort_is_counted_with_the_reasons_for_the_rest():
    found = account(
        [layer("a"), layer("a#1", Verdict.UNCOMPARED, "never called by jittor"), layer("b", Verdict.MISMATCH)],
        [ParameterResult("a.weight", (1,), Verdict.IDENTICAL, "")],
        [quantity(Quantity.LOSS, "0"), quantity(Quantity.BUFFER, "bn.mean", Verdict.UNCOMPARED, "not there")],
    )
    assert found == (
        Coverage("modules", 1, 2, (("a", "never called by jittor"),)),
        Coverage("layer calls", 2, 3, (("a#1", "never called by jittor"),)),
        Coverage("parameters and buffers", 1, 1),
        Coverage("buffers after the run", 0, 1, (("buffer of bn.mean", "not there"),)),
        Coverage("loss terms", 1, 1),
    )
    assert list(nothing_compared(found)) == ["none of the 1 buffers after the run was compared: not there"]


def test_sorts_that_the_models_do_not_have_are_not_counted():
    assert [entry.sort for entry in account([layer("")], [])] == ["modules", "layer calls"]
    assert account([], []) == ()
