import numpy as np
import pytest

from alignment_tests.nanodet_common.evaluation.sets import found
from nanodet_common.evaluation.pairing import Tolerance, pair

BOX = (10, 10, 50, 50)
LIMITS = Tolerance(corner=0.01, score=1e-5)


def shifted(x, box=BOX):
    return (box[0] + x, box[1], box[2] + x, box[3])


def indices(pairing):
    return list(zip(pairing.pairs.reference.tolist(), pairing.pairs.candidate.tolist(), strict=True))


def test_the_nearest_two_of_all_come_first():
    """The first of the reference is near both; the second of the candidate is nearer to its second."""
    ours = found([BOX, shifted(0.5)], [0.9, 0.8])
    theirs = found([shifted(0.5), shifted(-0.1)], [0.8, 0.9])
    pairing = pair(ours, theirs, LIMITS, 0.05)
    assert indices(pairing) == [(0, 1), (1, 0)]
    np.testing.assert_allclose(pairing.pairs.corner, [0.1, 0], atol=1e-6)
    assert pairing.pairs.within(LIMITS).tolist() == [False, True]
    np.testing.assert_array_equal(pairing.pairs.scores, np.float32([0.9, 0.8]))


def test_near_is_measured_in_tolerances():
    """0.02 px is two tolerances, 1e-4 in score is ten."""
    ours = found([BOX], [0.5])
    theirs = found([BOX, shifted(0.02)], [0.5001, 0.5])
    assert indices(pair(ours, theirs, LIMITS, 0.05)) == [(0, 1)]
    assert indices(pair(ours, theirs, Tolerance(0.0001, 0.01), 0.05)) == [(0, 0)]


def test_equals_pair_in_their_order():
    ours = found([BOX, BOX], [0.5, 0.5])
    assert indices(pair(ours, ours, LIMITS, 0.05)) == [(0, 0), (1, 1)]


def test_classes_do_not_meet():
    pairing = pair(found([BOX], [0.5], [0]), found([BOX], [0.5], [1]), LIMITS, 0.05)
    assert indices(pairing) == []
    assert (pairing.only_reference.tolist(), pairing.only_candidate.tolist()) == ([0], [0])


def test_what_hardly_overlaps_is_no_pair():
    """An IoU of 1/3 is none, one of 3/5 is."""
    assert indices(pair(found([BOX], [0.5]), found([shifted(20)], [0.5]), LIMITS, 0.05)) == []
    assert indices(pair(found([BOX], [0.5]), found([shifted(10)], [0.5]), LIMITS, 0.05)) == [(0, 0)]


def test_boxes_without_area_pair_if_they_are_near():
    """A box cut off at the edge may have no width, and so no IoU."""
    flat = (0, 10, 0, 50)
    assert indices(pair(found([flat], [0.5]), found([flat], [0.5]), LIMITS, 0.05)) == [(0, 0)]


def test_scores_too_low_on_both_sides_do_not_count():
    ours = found([BOX, shifted(100), shifted(50)], [0.5, 0.049999, 0.04])
    theirs = found([BOX, shifted(100), shifted(200)], [0.5, 0.050001, 0.03])
    pairing = pair(ours, theirs, LIMITS, 0.05)
    assert indices(pairing) == [(0, 0), (1, 1)]
    assert (pairing.only_reference.size, pairing.only_candidate.size) == (0, 0)


@pytest.mark.parametrize(("ours", "theirs"), [(0, 0), (0, 2), (2, 0)])
def test_nothing_on_a_side(ours, theirs):
    pairing = pair(found([BOX] * ours, [0.5] * ours), found([BOX] * theirs, [0.5] * theirs), LIMITS, 0.05)
    assert indices(pairing) == []
    assert (len(pairing.only_reference), len(pairing.only_candidate)) == (ours, theirs)
