"""Training steps of hand-made records: each thing that a step computes, right and wrong.

Numbers are halves and quarters, so that float32 and float64 hold the same; 1e-3 is far beyond every tolerance.
"""

from typing import Any

import numpy as np
import pytest

from jtmigrate.compare.result import DEFAULT_TOLERANCES, Quantity, Verdict
from jtmigrate.compare.steps import StepRuns, compare_steps, drift
from jtmigrate.trace.optimizer import OptimizerState, ParameterGroup
from jtmigrate.trace.steps import StepRecord, TrainingState

START = np.array([1.0, 2.0, -0.5])
GRADIENT = np.array([0.5, -0.25, 1.0])
SGD = {"lr": 0.5, "momentum": 0.5, "weight_decay": 0.0}
RUNNING = {"32": "float32", "64": "float64"}
OFF = 1e-3


def record(dtype: str = "float32", **changes: Any) -> StepRecord:
    """A step of SGD with momentum on a model of one parameter and one buffer; `changes` replace parts of it."""
    part = {
        "step": 0, "loss": 2.0, "gradient": GRADIENT, "update": -0.5 * GRADIENT, "mean": START / 4,
        "momentum": GRADIENT, "clip_norm": None, "options": SGD, "kind": "SGD", "names": ("layer.weight",),
    } | changes  # fmt: skip
    group = ParameterGroup(part["names"], part["options"])

    def state(weight: np.ndarray, mean: np.ndarray, slots: dict) -> TrainingState:
        model = {"layer.weight": weight.astype(dtype), "layer.mean": mean.astype(dtype)}
        return TrainingState(model, OptimizerState(part["kind"], (group,), slots))

    slots = {"layer.weight": {"momentum_buffer": part["momentum"].astype(dtype)}}
    return StepRecord(
        step=part["step"],
        before=state(START, START, {}),
        losses={"": np.asarray(part["loss"], dtype)},
        gradients={"layer.weight": part["gradient"].astype(dtype)},
        clip_norm=part["clip_norm"],
        after=state(START + part["update"], part["mean"], slots),
    )


def runs(reference: dict | None = None, **candidate: dict) -> StepRuns:
    """The same step in every run; `candidate` names what is different in which of the candidate's runs."""
    reference = reference or {}
    made = {name: record(RUNNING[name[-2:]], **reference) for name in ("reference32", "reference64")}
    made["exact"] = record("float64", **reference)
    for name in ("led32", "led64", "given32", "given64", "free32"):
        made[name] = record(RUNNING[name[-2:]], **{**reference, **candidate.get(name, {})})
    return StepRuns(**{name: (one,) for name, one in made.items()})


def everywhere(**changes: Any) -> dict[str, dict]:
    """The same change in all runs of the candidate."""
    return dict.fromkeys(("led32", "led64", "given32", "given64", "free32"), changes)


def wrong(found: StepRuns) -> dict[tuple[Quantity, str], Any]:
    """Rows that are a mismatch, by quantity and name."""
    rows = compare_steps(found, DEFAULT_TOLERANCES)
    return {(row.quantity, row.name): row for row in rows if row.verdict is Verdict.MISMATCH}


def test_equal_steps_agree_in_everything_that_is_compared():
    """Aligned is what only float64 judges."""
    rows = compare_steps(runs({"clip_norm": 1.25}), DEFAULT_TOLERANCES)
    assert {row.verdict for row in rows} == {Verdict.IDENTICAL, Verdict.ALIGNED}
    assert all(row.propagated is None or row.propagated.scaled == 0 for row in rows)
    assert {row.quantity for row in rows} == {
        *(Quantity.LOSS, Quantity.PARAMETER_GRADIENT, Quantity.BUFFER, Quantity.CLIP_NORM),
        *(Quantity.LEARNING_RATE, Quantity.OPTION, Quantity.UPDATE, Quantity.MOMENT),
    }
    assert all(row.step == 0 for row in rows)


@pytest.mark.parametrize(
    ("changes", "quantity", "name"),
    [
        ({"loss": 2 + OFF}, Quantity.LOSS, "loss"),
        ({"gradient": GRADIENT * (1 + OFF)}, Quantity.PARAMETER_GRADIENT, "layer.weight"),
        ({"update": -0.5 * GRADIENT * (1 + OFF)}, Quantity.UPDATE, "layer.weight"),
        ({"momentum": GRADIENT * (1 + OFF)}, Quantity.MOMENT, "momentum_buffer of layer.weight"),
        ({"mean": START / 4 * (1 + OFF)}, Quantity.BUFFER, "layer.mean"),
    ],
)
def test_what_is_wrong_in_all_runs_is_a_mismatch_and_nothing_else_is(changes, quantity, name):
    assert list(wrong(runs(**everywhere(**changes)))) == [(quantity, name)]


def test_a_loss_and_a_gradient_are_judged_in_float64_alone():
    """In float32 the two may be on either side of a kink; both come from the reference's state."""
    changes = {"loss": 2 + OFF, "gradient": GRADIENT * (1 + OFF)}
    assert not wrong(runs(led32=changes))
    assert {quantity for quantity, _ in wrong(runs(led64=changes))} == {Quantity.LOSS, Quantity.PARAMETER_GRADIENT}


def test_a_step_with_gradients_of_its_own_is_shown_and_not_judged():
    """Adam makes a step of full size of a gradient that is zero but for rounding."""
    found = runs(led32={"update": GRADIENT, "momentum": -GRADIENT})
    assert not wrong(found)
    (update,) = [row for row in compare_steps(found, DEFAULT_TOLERANCES) if row.quantity is Quantity.UPDATE]
    assert update.propagated.scaled > 1
    assert update.isolated.scaled == 0
    assert wrong(runs(given32={"update": GRADIENT}))


def test_an_update_may_be_off_by_a_unit_of_the_parameter_however_small_it_is():
    """Even where the reference was lucky and is rounded by nothing; by three units it may not."""
    update = np.full_like(START, 2.0**-12)
    unit = np.spacing(np.float32(np.abs(START).max()))
    assert not wrong(runs({"update": update}, given32={"update": update + unit}))
    found = wrong(runs({"update": update}, given32={"update": update + 3 * unit}))
    assert list(found) == [(Quantity.UPDATE, "layer.weight")]


@pytest.mark.parametrize(
    ("changes", "quantity", "name", "reason"),
    [
        ({"options": SGD | {"lr": 0.25}}, Quantity.LEARNING_RATE, "lr", "0.25 instead of 0.5 for layer.weight"),
        ({"options": SGD | {"weight_decay": 0.5}}, Quantity.OPTION, "weight_decay", "0.5 instead of 0.0"),
        ({"kind": "AdamW"}, Quantity.OPTION, "kind", "AdamW instead of SGD"),
        ({"names": ()}, Quantity.OPTION, "layer.weight", "not given to the optimizer"),
    ],
)
def test_options_are_those_of_the_run_of_its_own(changes, quantity, name, reason):
    """Where the reference's state is loaded before every step, its options are too."""
    row = wrong(runs(free32=changes))[quantity, name]
    assert reason in row.reason
    assert row.own_fault
    led = dict.fromkeys(("led32", "led64", "given32", "given64"), changes)
    assert not wrong(runs(**led))


def test_an_option_may_differ_by_rounding_and_an_initial_rate_in_any_way():
    assert not wrong(runs(free32={"options": SGD | {"lr": 0.5 * (1 + 1e-15), "initial_lr": 7.0}}))


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        (1.25, 1.25 * (1 + OFF), "of its maximum"),
        (1.25, None, "does not clip gradients"),
        (None, 1.25, "clips gradients where the reference does not"),
    ],
)
def test_the_norm_by_which_gradients_are_clipped(ours, theirs, reason):
    row = wrong(runs({"clip_norm": ours}, **everywhere(clip_norm=theirs)))[Quantity.CLIP_NORM, "all parameters"]
    assert reason in row.reason


def test_a_buffer_that_no_step_changes_is_no_row():
    unchanged = compare_steps(runs({"mean": START}), DEFAULT_TOLERANCES)
    assert not any(row.quantity is Quantity.BUFFER for row in unchanged)
    assert (Quantity.BUFFER, "layer.mean") in wrong(runs({"mean": START}, **everywhere(mean=START * 2)))


def test_drift_tells_the_first_loss_and_the_worst_tensor_of_the_runs_of_their_own():
    (point,) = drift(runs(free32={"loss": 3.0, "update": -0.5 * GRADIENT + [0, 0.25, 0], "mean": START / 4}))
    assert point.step == 0
    assert point.loss == pytest.approx(0.5)
    assert point.worst == "layer.weight"
    assert point.parameters == pytest.approx(0.25 / 2.125)  # of the largest weight after the step
