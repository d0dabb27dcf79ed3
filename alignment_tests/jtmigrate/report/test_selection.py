from jtmigrate.compare.result import DriftPoint, Quantity, Verdict
from jtmigrate.report.rows import inherits, worst
from jtmigrate.report.selection import OWN_SHOWN, POINTS_SHOWN, group_quantities, select_points, select_quantities


def test_thousands_of_faults_are_a_few_lines_and_a_number(make):
    """A wrong learning rate makes every update wrong by itself: they must not fill the screen."""
    wrong = [
        make.wrong_quantity(f"conv{number}.weight", number, kind=Quantity.UPDATE, step=0) for number in range(3000)
    ]
    selection = select_quantities(make.result([make.layer()], quantities=tuple(wrong)))
    assert len(selection.shown) == OWN_SHOWN
    assert selection.hidden_faults == 3000 - OWN_SHOWN


def test_the_first_fault_comes_first_and_nothing_is_lost(stuck):
    selection = select_quantities(stuck)
    hidden = selection.hidden_faults + selection.hidden_inherited + selection.hidden_good
    assert selection.shown[0].key == stuck.first_fault.key
    assert len(selection.shown) + hidden == len(stuck.quantities)
    assert len({row.key for row in selection.shown}) == len(selection.shown)


def test_what_waits_for_a_verdict_is_shown(make):
    odd = make.quantity("bn.running_mean", kind=Quantity.BUFFER, verdict=Verdict.UNCOMPARED, isolated=None)
    rounding = make.quantity("fc.weight", verdict=Verdict.ROUNDING, isolated=2e-6)
    good = [make.quantity(f"conv{number}.weight", number) for number in range(50)]
    selection = select_quantities(make.result([make.layer()], quantities=(odd, rounding, *good)))
    assert {odd.key, rounding.key} <= {row.key for row in selection.shown}
    assert selection.hidden_good == 48


def test_what_is_next_to_nothing_is_not_the_worst(make):
    """The gradient of a bias before BatchNorm is rounding: 100 % off, and of no interest."""
    tiny = make.quantity("conv.bias", isolated=1.0, below_resolution=True, float64=make.error(0.9))
    good = [make.quantity(f"conv{number}.weight", number) for number in range(3)]
    run = make.result([make.layer()], quantities=(tiny, *good))
    assert select_quantities(run).shown == good
    assert worst(run.quantities, "float64") is not tiny


def test_quantities_inherit_from_a_layer(make):
    """After a wrong layer, a gradient that is right alone is no fault; one that is wrong alone is a second one."""
    passed_on, own = make.wrong_quantity("a.weight", isolated=2e-7), make.wrong_quantity("b.weight")
    in_training = make.wrong_quantity("loss", isolated=None, kind=Quantity.LOSS, step=0)
    run = make.result([make.mismatch("conv", 0)], quantities=(passed_on, own, in_training))
    assert [inherits(row, run) for row in run.quantities] == [True, False, True]


def test_without_a_run_alone_no_gradient_is_excused(make):
    unknown = make.wrong_quantity("a.weight", isolated=None)
    assert not inherits(unknown, make.result([make.mismatch("conv", 0)], quantities=(unknown,)))


def test_groups_tell_training_from_the_rest(trained):
    names = [group.name for group in group_quantities(trained.quantities)]
    assert names.index("parameter gradient") < names.index("parameter gradient in training")
    assert sum(len(group.members) for group in group_quantities(trained.quantities)) == len(trained.quantities)


def test_a_long_drift_keeps_its_ends():
    drift = tuple(DriftPoint(step, 0.0, 0.0, "") for step in range(1000))
    shown = select_points(drift)
    assert (shown[0].step, shown[-1].step, len(shown)) == (0, 999, POINTS_SHOWN)
    assert select_points(drift[:3]) == drift[:3]
    assert select_points(()) == ()
