import numpy as np
import pytest

from jtmigrate.compare.result import DEFAULT_TOLERANCES, Verdict
from jtmigrate.compare.verdict import Evidence, judge

BASE = np.linspace(-1, 1, 11)
SINGLE = BASE.astype(np.float32)


def verdict(largest=1.0, **changed):
    situations = {
        "reference32": SINGLE,
        "reference64": BASE,
        "candidate32": SINGLE,
        "candidate64": BASE,
        "isolated": SINGLE,
    }
    return judge(Evidence("", **(situations | changed)), DEFAULT_TOLERANCES, largest)


def off(error, base=SINGLE):
    changed = base.copy()
    changed[-1] += error
    return changed


@pytest.mark.parametrize(
    ("changed", "expected", "own_fault"),
    [
        ({}, Verdict.IDENTICAL, False),
        ({"isolated": off(5e-7)}, Verdict.ALIGNED, False),
        ({"isolated": off(1.5e-6)}, Verdict.MISMATCH, True),
        ({"isolated": off(1.5e-6), "reference64": off(5e-7, BASE), "candidate64": off(5e-7, BASE)}, "rounding", False),
        ({"candidate32": off(1e-2)}, Verdict.IDENTICAL, False),
        ({"candidate64": off(2e-9, BASE)}, Verdict.MISMATCH, False),
        ({"candidate64": off(5e-10, BASE)}, Verdict.IDENTICAL, False),
        ({"isolated": SINGLE[:-1]}, Verdict.MISMATCH, True),
        ({"isolated": SINGLE.astype(np.float64)}, Verdict.MISMATCH, True),
        ({"candidate64": SINGLE}, Verdict.MISMATCH, False),
        ({"candidate32": SINGLE[:, None]}, Verdict.MISMATCH, False),
        ({"isolated": off(np.nan)}, Verdict.MISMATCH, True),
        ({"candidate32": off(np.nan)}, Verdict.MISMATCH, False),
        ({"candidate64": off(np.inf, BASE)}, Verdict.MISMATCH, False),
        ({"isolated": None, "candidate32": off(1e-2)}, Verdict.MISMATCH, False),
        ({"reference64": None, "candidate64": None, "isolated": off(1.5e-6)}, Verdict.MISMATCH, True),
    ],
)
def test_rules(changed, expected, own_fault):
    judgement = verdict(**changed)
    assert judgement.verdict == expected, judgement.reason
    assert judgement.own_fault is own_fault


def test_a_mismatch_in_float32_only_says_so():
    assert verdict(isolated=off(1e-4)).reason.startswith("float32 only")
    assert "float64" not in verdict(isolated=off(1e-4), reference64=None, candidate64=None).reason


def test_a_sloppy_candidate_does_not_raise_the_floor():
    assert verdict(isolated=off(1e-3), candidate32=off(1e-3)).verdict is Verdict.MISMATCH


def test_below_resolution_float64_alone_judges():
    judgement = verdict(largest=1e7, isolated=off(1e-3))
    assert judgement.below_resolution
    assert judgement.verdict is Verdict.ALIGNED
    assert verdict(largest=1e7, candidate64=off(1e-3, BASE)).verdict is Verdict.MISMATCH
    assert verdict(largest=1e7, isolated=off(1e-3), reference64=None).verdict is Verdict.MISMATCH


def test_integers_are_right_or_wrong():
    indices = np.array([1_000_000_000, 5])
    one_off = indices + np.array([1, 0])
    same = Evidence("", reference32=indices, candidate32=indices, isolated=indices.astype(np.int32))
    wrong = Evidence("", reference32=indices, candidate32=indices, isolated=one_off.astype(np.int32))
    assert judge(same, DEFAULT_TOLERANCES, 1.0).verdict is Verdict.IDENTICAL
    assert judge(wrong, DEFAULT_TOLERANCES, 1.0).verdict is Verdict.MISMATCH


def test_same_nonfinite_places_are_noted():
    nan32, nan64 = off(np.nan), off(np.nan, BASE)
    judgement = verdict(reference32=nan32, reference64=nan64, candidate32=nan32, candidate64=nan64, isolated=nan32)
    assert judgement.verdict is Verdict.IDENTICAL
    assert judgement.nonfinite
