"""Whether `close` is neither too wide nor too narrow, and what the margins say of hand-made decisions."""

import numpy as np
import pytest

from nanodet_common.margins import Candidates, Floor, candidates, margins, noise_floor
from nanodet_common.postprocess import Limits, decode, detections, suppress

FLOOR = Floor(score=1e-5, corner=1e-3)
FACTOR = 4.0
BOX = (10.0, 10, 50, 50)
ELSEWHERE = (100.0, 10, 140, 50)
STRIDES = (8, 16, 32, 64)


def case(boxes, scores, labels=None) -> Candidates:
    """Candidates, best first, of a picture that is as large as the input."""
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    labels = np.zeros(len(boxes), np.int64) if labels is None else np.array(labels, np.int64)
    return Candidates(boxes, boxes, np.array(scores, np.float32), labels)


def shifted(box, x):
    return (box[0] + x, box[1], box[2] + x, box[3])


def kept(found: Candidates, limits: Limits) -> np.ndarray:
    """(n,) bool: what post-processing makes of candidates in any order."""
    present = np.flatnonzero(found.scores > limits.score_threshold)
    order = present[np.argsort(-found.scores[present], kind="stable")]
    survivors = order[suppress(found.boxes[order], found.labels[order], limits)]
    return np.isin(np.arange(len(found.scores)), survivors)


def crowded(random) -> Candidates:
    """Boxes around a few places, scores around a few values: decisions of every kind lie near each other."""
    count = 60
    corners = random.choice([10.0, 14, 18, 40, 44], (count, 2)) + random.normal(0, 0.002, (count, 2))
    boxes = np.concatenate([corners, corners + random.choice([16.0, 20, 40], (count, 2))], axis=1)
    scores = random.choice([0.05, 0.2, 0.21, 0.5, 0.9], count) + random.normal(0, 3e-5, count)
    order = np.argsort(-scores)
    return case(boxes[order], scores[order], random.integers(0, 2, count))


@pytest.mark.parametrize("seed", range(100))
def test_no_decision_flips_that_is_not_close(seed):
    """Every number moved by up to four floors, twenty times: what is not close stays."""
    random = np.random.default_rng(seed)
    limits = Limits(max_detections=int(random.integers(3, 15)))
    found = crowded(random)
    result = margins(found, limits, FLOOR, factor=FACTOR)
    np.testing.assert_array_equal(result.kept, kept(found, limits))
    for _ in range(20):
        # A hair less than the limit, since float32 rounds what is added.
        moves = random.uniform(-1, 1, (len(found.scores), 5)) * 0.99 * FACTOR
        other = found._replace(
            boxes=(found.boxes + moves[:, :4] * FLOOR.corner).astype(np.float32),
            scores=(found.scores + moves[:, 4] * FLOOR.score).astype(np.float32),
        )
        flipped = kept(other, limits) != result.kept
        assert not (flipped & ~result.close).any()


def test_such_moves_do_flip_decisions_and_not_all_are_close():
    """So the test above has something to find, and `close` is no blank cheque."""
    random = np.random.default_rng(0)
    flips, close, total = 0, 0, 0
    for _ in range(20):
        found = crowded(random)
        result = margins(found, Limits(), FLOOR, factor=FACTOR)
        scores = found.scores + random.uniform(-1, 1, len(found.scores)) * FACTOR * FLOOR.score
        flips += (kept(found._replace(scores=scores.astype(np.float32)), Limits()) != result.kept).sum()
        close, total = close + result.close.sum(), total + len(result.close)
    assert flips > 20
    assert close < total / 2


def test_a_score_at_the_threshold():
    result = margins(case([BOX, ELSEWHERE, (0, 60, 20, 90)], [0.9, 0.05002, 0.04]), Limits(), FLOOR)
    assert result.close.tolist() == [False, True, False]
    assert result.kept.tolist() == [True, True, False]
    np.testing.assert_allclose(result.score, [0.85, 2e-5, -0.01], atol=1e-8)


def test_an_overlap_at_the_threshold():
    """10 of 40 pixels to the side is an IoU of 30/50 = 0.6."""
    for shift, survives, close in (
        (10.001, True, True),
        (9.999, False, True),
        (10.1, True, False),
        (9.9, False, False),
    ):
        result = margins(case([BOX, shifted(BOX, shift)], [0.9, 0.5]), Limits(), FLOOR)
        assert (result.kept[1], result.close[1]) == (survives, close), shift
        assert result.iou[1] == pytest.approx((40 - shift) / (40 + shift) - 0.6, abs=1e-6)
        assert not result.close[0]


def test_two_overlapping_boxes_of_nearly_equal_score():
    """Which of them falls is open for both; with a clear order, for neither."""
    close = margins(case([BOX, shifted(BOX, 2)], [0.50002, 0.5]), Limits(), FLOOR)
    assert close.close.tolist() == [True, True]
    np.testing.assert_allclose(close.order, [2e-5, 2e-5], atol=1e-7)
    clear = margins(case([BOX, shifted(BOX, 2)], [0.51, 0.5]), Limits(), FLOOR)
    assert clear.close.tolist() == [False, False]


def test_what_hangs_on_a_close_decision_is_close():
    """The second may fall to the first; only then does the third, which the second suppresses, survive."""
    chain = case([BOX, shifted(BOX, 10.001), shifted(BOX, 19)], [0.9, 0.8, 0.7])
    result = margins(chain, Limits(), FLOOR)
    assert result.kept.tolist() == [True, True, False]
    assert result.close.tolist() == [False, True, True]
    # By itself, the third is far from any boundary.
    assert abs(result.iou[2]) > 0.01
    assert result.order[2] > 0.05


def test_the_cut():
    apart = [shifted((0, 0, 8, 8), 10 * index) for index in range(4)]
    result = margins(case(apart, [0.9, 0.50001, 0.5, 0.2]), Limits(max_detections=2), FLOOR)
    assert result.kept.tolist() == [True, True, False, False]
    assert result.close.tolist() == [False, True, True, False]
    np.testing.assert_allclose(result.cut, [0.4, 1e-5, -1e-5, 0.2 - 0.50001], atol=1e-7)
    assert np.isnan(margins(case(apart, [0.9, 0.8, 0.5, 0.2]), Limits(), FLOOR).cut).all()


def test_a_further_survivor_pushes_the_last_one_out():
    boxes = [BOX, shifted(BOX, 9.9999), ELSEWHERE]
    result = margins(case(boxes, [0.9, 0.8, 0.3]), Limits(max_detections=2), FLOOR)
    assert result.kept.tolist() == [True, False, True]
    assert result.close.tolist() == [False, True, True]


def test_classes_do_not_meet():
    result = margins(case([BOX, BOX], [0.5, 0.5], [0, 1]), Limits(), FLOOR)
    assert result.kept.all()
    assert not result.close.any()


def test_nothing_to_decide():
    result = margins(case([], []), Limits(), FLOOR)
    assert all(len(values) == 0 for values in result)


def test_real_candidates_are_kept_as_in_the_normal_path(shared):
    head = np.load(shared / "golden" / "forward_voc20_416.npz")["head"][0]
    place = {"input_hw": (416, 416), "warp_matrix": np.diag([416 / 500, 416 / 281, 1]), "image_wh": (500, 281)}
    found = candidates(*decode(head, 20, 7, STRIDES, (416, 416)), **place)
    result = margins(found, Limits(), FLOOR)
    normal = detections(head, 20, 7, STRIDES, **place)
    np.testing.assert_array_equal(found.scores[result.kept], normal.scores)
    np.testing.assert_array_equal(found.labels[result.kept], normal.labels)
    np.testing.assert_array_equal(found.image_boxes[result.kept], normal.boxes)
    assert found.scores.min() > 0.049
    assert found.scores.min() < 0.05
    assert 0 < result.close.mean() < 0.1


def test_the_noise_floor_is_the_largest_distance_where_a_score_counts():
    scores, boxes = np.array([[0.9, 0.0], [0.01, 0.02]]), np.array([BOX, ELSEWHERE])
    off = np.array([[1e-6], [1e-2]])
    floor = noise_floor([((scores + off, boxes + off), (scores, boxes)), ((scores, boxes), (scores, boxes))])
    assert floor == pytest.approx((1e-6, 50 * 2.0**-22))


def test_a_run_that_is_not_finite_has_no_finite_floor():
    scores, boxes = np.array([[0.9]]), np.array([BOX])
    assert np.isnan(
        noise_floor([((scores * np.nan, boxes), (scores, boxes)), ((scores, boxes), (scores, boxes))]).score
    )


def test_the_noise_floor_of_equal_runs_is_four_units_of_rounding():
    run = np.array([[0.9]]), np.array([(0.0, 0, 256, 128)])
    assert noise_floor([(run, run)]) == (2.0**-22, 2.0**-14)
