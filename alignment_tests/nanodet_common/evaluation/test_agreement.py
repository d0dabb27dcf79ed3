"""Two runs that agree, and every way not to: each fault is injected into one run of a set of three images."""

import json
from dataclasses import replace

import numpy as np
import pytest

from alignment_tests.nanodet_common.evaluation.sets import dataset, found, image
from nanodet_common.evaluation.agreement import compare_runs, histogram
from nanodet_common.evaluation.coco import coco_metrics
from nanodet_common.evaluation.differences import Evidence
from nanodet_common.evaluation.pairing import Tolerance
from nanodet_common.margins import Candidates, Floor
from nanodet_common.postprocess import Limits

BOX = (10, 10, 50, 50)
OTHER = (100, 10, 140, 50)
SET = dataset(*(image([BOX, OTHER], [0, 1], number=number) for number in (1, 2, 3)))
RUN = {number: found([BOX, OTHER], [0.9, 0.6], [0, 1]) for number in (1, 2, 3)}


def with_second(**changes):
    """The run with the second image's detections changed."""
    return {**RUN, 2: RUN[2]._replace(**changes)}


def evidence(boxes, scores, labels, *, asked=None):
    """What the reference decided about in every image."""
    boxes = np.array(boxes, np.float32)
    known = Candidates(boxes, boxes, np.array(scores, np.float32), np.array(labels, np.int64))

    def candidates_of(image_id):
        if asked is not None:
            asked.append(image_id)
        return known

    return Evidence(candidates_of, Floor(score=1e-6, corner=1e-4), Limits())


def test_equal_runs_agree():
    result = compare_runs(SET, RUN, RUN)
    assert result
    assert (result.images, result.reference, result.candidate, result.matched) == (3, 6, 6, 6)
    assert result.share_matched == 1
    assert result.worst == {"corner": 0, "score": 0}
    assert result.differences == ()


def test_rounding_agrees():
    boxes, scores = RUN[2].boxes + np.float32(0.005), RUN[2].scores - np.float32(5e-6)
    result = compare_runs(SET, RUN, with_second(boxes=boxes, scores=scores))
    assert result
    assert result.matched == 6
    assert result.worst == pytest.approx({"corner": 0.005, "score": 5e-6}, rel=0.02)


@pytest.mark.parametrize(
    ("fault", "corner", "score", "sides"),
    [
        ({"boxes": RUN[2].boxes + np.float32([[0.02, 0, 0, 0], [0, 0, 0, 0]])}, 0.02, 0, (True, True)),
        ({"scores": np.float32([0.9, 0.6001])}, 0, 1e-4, (True, True)),
        ({"boxes": RUN[2].boxes + np.float32([[0, 0, 0, 0], [50, 0, 50, 0]])}, None, None, None),
        ({"labels": np.array([0, 0])}, None, None, None),
    ],
    ids=["shifted box", "other score", "box elsewhere", "swapped class"],
)
def test_a_fault_is_found(fault, corner, score, sides):
    result = compare_runs(SET, RUN, with_second(**fault))
    assert not result
    assert result.matched == 5
    assert {difference.file for difference in result.differences} == {"000002.jpg"}
    if sides:
        (difference,) = result.differences
        assert (difference.corner, difference.score) == pytest.approx((corner, score), abs=1e-5)
        assert (bool(difference.reference), bool(difference.candidate)) == sides
        assert result.failures == ("1 of 1 differences are not explained by a close decision.",)
    else:
        ours, theirs = result.differences
        assert (ours.candidate, theirs.reference) == (None, None)
        assert (ours.corner, theirs.score) == (None, None)


@pytest.mark.parametrize("swapped", [False, True])
def test_a_missing_detection_is_found_on_either_side(swapped):
    fewer = {**RUN, 2: found([BOX], [0.9])}
    result = compare_runs(SET, *((fewer, RUN) if swapped else (RUN, fewer)))
    assert not result
    (difference,) = result.differences
    assert (difference.image_id, difference.class_name) == (2, "dog")
    side, none = (
        (difference.candidate, difference.reference) if swapped else (difference.reference, difference.candidate)
    )
    assert none is None
    assert (side.box, side.score) == (OTHER, pytest.approx(0.6))
    assert (side.margins, side.close) == (None, False)
    assert result.share_matched == pytest.approx(1 if swapped else 5 / 6)


@pytest.mark.parametrize("side", ["reference", "candidate"])
@pytest.mark.parametrize(
    "fault",
    [{"scores": np.float32([0.9, np.nan])}, {"boxes": np.float32([BOX, (0, 0, np.inf, 9)])}],
    ids=["NaN score", "infinite box"],
)
def test_what_is_no_number_is_found(fault, side):
    broken = with_second(**fault)
    runs = (broken, RUN) if side == "reference" else (RUN, broken)
    result = compare_runs(SET, *runs)
    assert not result
    assert f"Detections of the {side} are not finite numbers in 1 images: 000002.jpg." in result.failures
    json.dumps(result.to_dict(), allow_nan=False)


def test_it_is_no_agreement_that_both_are_no_numbers():
    broken = {number: found([BOX], [np.nan]) for number in RUN}
    result = compare_runs(SET, broken, broken)
    assert not result
    assert "No detection was compared: neither run found anything." in result.failures


@pytest.mark.parametrize("side", ["reference", "candidate"])
def test_a_missing_image_is_found(side):
    fewer = {number: RUN[number] for number in (1, 3)}
    result = compare_runs(SET, *((fewer, RUN) if side == "reference" else (RUN, fewer)))
    assert not result
    assert result.failures == (f"1 of 3 images are missing in the {side}: 000002.jpg.",)
    assert result.images == 2


@pytest.mark.parametrize("images", [SET, dataset()], ids=["nothing found", "no images"])
def test_nothing_compared_is_no_agreement(images):
    empty = {record.image_id: found() for record in images.images}
    result = compare_runs(images, empty, empty)
    assert not result
    assert result.share_matched is None
    assert result.worst == {"corner": None, "score": None}
    assert result.failures == ("No detection was compared: neither run found anything.",)


def test_a_close_decision_explains_a_difference():
    """A score a millionth above the threshold in one run, below it in the other."""
    more = {**RUN, 2: found([BOX, OTHER, (0, 60, 20, 90)], [0.9, 0.6, 0.050001], [0, 1, 0])}
    asked = []
    known = evidence([BOX, OTHER, (0, 60, 20, 90)], [0.9, 0.6, 0.050001], [0, 1, 0], asked=asked)
    result = compare_runs(SET, more, RUN, evidence=known)
    assert result
    assert (result.explained, result.unexplained, result.matched) == (1, 0, 6)
    assert asked == [2]
    (difference,) = result.differences
    assert difference.explained
    assert difference.reference.margins["score"] == pytest.approx(1e-6, abs=1e-8)
    assert "cut" not in difference.reference.margins


def test_the_other_run_s_detection_is_explained_by_the_reference_s_decision():
    """The reference saw it just below its threshold."""
    more = {**RUN, 2: found([BOX, OTHER, (0, 60, 20, 90)], [0.9, 0.6, 0.050001], [0, 1, 0])}
    known = evidence([BOX, OTHER, (0, 60, 20, 90)], [0.9, 0.6, 0.049999], [0, 1, 0])
    assert compare_runs(SET, RUN, more, evidence=known)


def test_a_swap_of_two_nearly_equal_ones_is_a_pair_that_is_explained():
    near = (12, 10, 52, 50)
    known = evidence([BOX, near, OTHER], [0.900001, 0.9, 0.6], [0, 0, 1])
    ours = {**RUN, 2: found([BOX, OTHER], [0.900001, 0.6], [0, 1])}
    theirs = {**RUN, 2: found([near, OTHER], [0.900001, 0.6], [0, 1])}
    result = compare_runs(SET, ours, theirs, evidence=known)
    assert result
    (difference,) = result.differences
    assert difference.corner == 2
    assert difference.reference.close
    assert difference.candidate.close


def test_a_clear_decision_explains_nothing():
    known = evidence([BOX, OTHER], [0.9, 0.6], [0, 1])
    result = compare_runs(SET, RUN, {**RUN, 2: found([BOX], [0.9])}, evidence=known)
    assert not result
    (difference,) = result.differences
    assert difference.reference.margins["score"] == pytest.approx(0.55)


def test_a_shifted_box_is_not_excused_by_a_close_decision_elsewhere():
    """The reference's own detection is a close call; the candidate's is none of its candidates."""
    known = evidence([BOX, OTHER], [0.050001, 0.6], [0, 1])
    ours = {**RUN, 2: found([OTHER, BOX], [0.6, 0.050001], [1, 0])}
    theirs = {**RUN, 2: found([OTHER, (10.5, 10, 50, 50)], [0.6, 0.050001], [1, 0])}
    result = compare_runs(SET, ours, theirs, evidence=known)
    assert not result
    (difference,) = result.differences
    assert difference.reference.close
    assert difference.candidate.margins is None


@pytest.mark.parametrize("score", [2e-5, np.nan, np.inf])
def test_a_noisy_reference_explains_nothing(score):
    """With such a floor every decision would be close."""
    more = {**RUN, 2: found([BOX, OTHER, (0, 60, 20, 90)], [0.9, 0.6, 0.050001], [0, 1, 0])}
    known = evidence([BOX, OTHER, (0, 60, 20, 90)], [0.9, 0.6, 0.050001], [0, 1, 0])
    noisy = known._replace(floor=Floor(score=score, corner=1e-4))
    result = compare_runs(SET, more, RUN, evidence=noisy)
    assert not result
    assert result.unexplained == 1
    assert result.failures[0].startswith("The reference's own rounding exceeds the tolerance and explains nothing")
    assert compare_runs(SET, RUN, RUN, evidence=noisy)


def test_an_image_that_nobody_asked_for_is_found():
    result = compare_runs(SET, RUN, {**RUN, 9: found([BOX], [0.9])})
    assert result.failures == ("The candidate has 1 images that the data set does not have.",)


def test_the_unexplained_come_first():
    more = {**RUN, 1: found([BOX, OTHER, (0, 60, 20, 90)], [0.9, 0.6, 0.050001], [0, 1, 0]), 2: found([BOX], [0.9])}
    known = evidence([BOX, OTHER, (0, 60, 20, 90)], [0.9, 0.6, 0.050001], [0, 1, 0])
    result = compare_runs(SET, more, RUN, evidence=known)
    assert [(one.image_id, one.explained) for one in result.differences] == [(2, False), (1, True)]


def test_metrics_are_held_against_each_other():
    metrics = coco_metrics(SET, RUN)
    result = compare_runs(SET, RUN, RUN, metrics=(metrics, metrics))
    assert result
    assert [(one.name, one.difference) for one in result.metrics] == [("mAP", 0), ("AP50", 0), ("AP75", 0)]
    worse = replace(metrics, values={**metrics.values, "AP75": metrics.values["AP75"] - 6e-5})
    result = compare_runs(SET, RUN, RUN, metrics=(metrics, worse))
    assert not result
    assert result.failures == ("AP75 differs by -6.0e-05, though every detection has its partner.",)


def test_tolerances_and_least_score_are_the_caller_s():
    other = with_second(boxes=RUN[2].boxes + 1)
    assert compare_runs(SET, RUN, other, tolerance=Tolerance(corner=1.5))
    assert compare_runs(SET, RUN, {**RUN, 2: found([BOX], [0.9])}, least_score=0.7)


def test_json_holds_everything_as_numbers():
    known = evidence([BOX, OTHER], [0.9, 0.6], [0, 1])
    metrics = coco_metrics(SET, RUN)
    result = compare_runs(SET, RUN, {**RUN, 2: found([BOX], [0.9])}, evidence=known, metrics=(metrics, metrics))
    content = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert content["agreed"] is False
    assert content["detections"] == {"reference": 6, "candidate": 5}
    assert content["floor"] == {"score": 1e-6, "corner": 1e-4}
    assert content["differences"][0]["reference"]["box"] == list(OTHER)
    assert content["differences"][0]["explained"] is False
    assert content["metrics"]["mAP"]["difference"] == 0
    assert content["histograms"]["corner"] == [{"up_to": 0, "count": 5}]


def test_the_histogram_counts_by_powers_of_ten():
    counted = histogram(np.array([0, 1e-5, 1.1e-5, 5e-5, 3e-3]))
    assert [entry["count"] for entry in counted] == [1, 1, 2, 0, 1]
    assert [entry["up_to"] for entry in counted] == pytest.approx([0, 1e-5, 1e-4, 1e-3, 1e-2])
    assert histogram(np.zeros(0)) == [{"up_to": 0, "count": 0}]


def test_the_real_detections_against_themselves_with_noise(golden_run):
    """Of 88,701 detections with rounding on top, all are found again."""
    images, run, _ = golden_run
    random = np.random.default_rng(0)
    noisy = {
        image_id: one._replace(boxes=(one.boxes + random.normal(0, 1e-4, one.boxes.shape)).astype(np.float32))
        for image_id, one in run.items()
    }
    result = compare_runs(images, run, noisy)
    assert result
    assert result.matched == 88701
