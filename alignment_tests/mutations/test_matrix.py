"""The comparison is tested by faults: all are detected, nearly all in the very place, and none where there is none."""

import os

import pytest

from alignment_tests.mutations import clean, matrix, report
from alignment_tests.mutations.limit import SIZES, SORTS, Share, draw_picture
from alignment_tests.mutations.scenes import BUILD, scene

pytestmark = pytest.mark.slow

SEED = int(os.environ.get("JTMIGRATE_SEED", "1"))
KINDS = 45
NAMED = 25


@pytest.fixture(scope="module")
def outcomes():
    print(f"seed {SEED} (JTMIGRATE_SEED=... draws others)")
    return list(matrix.run(matrix.MUTATIONS, SEED))


def test_there_are_enough_kinds_and_half_of_them_are_drawn(outcomes):
    assert len({mutation.name for mutation in matrix.MUTATIONS}) == len(matrix.MUTATIONS) >= KINDS
    assert sum(mutation.rehearsed for mutation in matrix.MUTATIONS) == 10
    assert sum(outcome.drawn for outcome in outcomes) >= 0.5 * len(outcomes)


def test_every_fault_is_detected(outcomes):
    assert [outcome.mutation.name for outcome in outcomes if not outcome.detected] == []


def test_nearly_every_fault_is_found_where_it_is(outcomes):
    elsewhere = [
        (outcome.mutation.name, outcome.fault.path, outcome.found) for outcome in outcomes if not outcome.localised
    ]
    assert len(elsewhere) <= (1 - matrix.LOCALISED) * len(outcomes), elsewhere


def test_the_cause_of_many_kinds_is_named(outcomes):
    named = [outcome.mutation.name for outcome in outcomes if outcome.named]
    assert len(named) >= NAMED, named


@pytest.mark.parametrize("name", BUILD)
def test_a_pair_without_a_fault_is_aligned(name):
    assert scene(name).clean, scene(name).clean.failures


@pytest.mark.usefixtures("shared")
def test_trained_detectors_raise_no_alarm_on_ten_photographs():
    alarms = clean.alarms(full=False, progress=print)
    assert len(alarms) >= 2 * clean.IMAGES
    assert not any(alarms.values()), alarms


def test_the_report_tells_every_fault_and_every_score(outcomes, tmp_path):
    limit = [Share(sort, size, 1, 2) for sort in SORTS for size in SIZES]
    page = report.to_markdown(report.Measured(outcomes, {"mlp": ()}, limit, {"seed": "1"}), "picture.svg")
    assert all(f"| {outcome.mutation.name}" in page for outcome in outcomes)
    assert "- false alarms: 0 in 1 comparisons" in page
    assert "![share found against size](picture.svg)" in page
    assert page.count("| 1 of 2 |") == len(SIZES) * len(SORTS) - len(SIZES)
    draw_picture(limit, tmp_path / "picture.svg")
    assert (tmp_path / "picture.svg").read_text().startswith("<?xml")
