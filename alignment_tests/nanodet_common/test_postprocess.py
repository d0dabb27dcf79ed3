import json

import numpy as np
import pytest

from nanodet_common.errors import InputError
from nanodet_common.geometry import resize_matrix
from nanodet_common.postprocess import Limits, box_iou, decode, detections, detections_from_boxes, select

STRIDES = (8, 16, 32, 64)


@pytest.fixture
def golden_case(shared):
    """Raw head output of the original for one photograph, the other arguments, and its detections by class."""
    head = np.load(shared / "golden" / "forward_voc20_416.npz")["head"][0]
    arguments = {
        "input_hw": (416, 416),
        "warp_matrix": resize_matrix((500, 281), (416, 416), keep_ratio=False),
        "image_wh": (500, 281),
    }
    expected = json.loads((shared / "golden" / "forward_voc20_416.json").read_text())["detections"]["40"]
    return head, arguments, expected


def assert_equal_to_golden(found, expected):
    assert len(found.scores) == sum(map(len, expected.values())) == 100
    for label, rows in expected.items():
        of_class = found.labels == int(label)
        rows = np.reshape(rows, (-1, 5))
        np.testing.assert_allclose(found.boxes[of_class], rows[:, :4], rtol=0, atol=1e-3)
        np.testing.assert_allclose(found.scores[of_class], rows[:, 4], rtol=0, atol=1e-5)


def test_detections_are_those_of_the_original(golden_case):
    head, arguments, expected = golden_case
    found = detections(head, 20, 7, STRIDES, **arguments)
    assert_equal_to_golden(found, expected)
    assert (np.diff(found.scores) <= 0).all()
    assert (found.boxes.dtype, found.scores.dtype, found.labels.dtype) == (np.float32, np.float32, np.int64)


def test_float64_output_gives_the_same_detections(golden_case):
    head, arguments, expected = golden_case
    assert_equal_to_golden(detections(head.astype(np.float64), 20, 7, STRIDES, **arguments), expected)


def test_decoded_output_gives_the_same_detections(golden_case):
    head, arguments, _ = golden_case
    direct = detections(head, 20, 7, STRIDES, **arguments)
    decoded = detections_from_boxes(*decode(head, 20, 7, STRIDES, (416, 416)), **arguments)
    for a, b in zip(direct, decoded, strict=True):
        np.testing.assert_array_equal(a, b)


def test_decoding_takes_the_expected_distance():
    output = np.zeros((5, 3 + 4 * 8), np.float32)
    output[:, 0] = 0.0
    output[:, 1] = -200.0
    # A sure distance of 1, 2, 3, 4 cells to the left, top, right, bottom.
    for side in range(4):
        output[:, 3 + 8 * side + side + 1] = 100.0
    scores, boxes = decode(output, 3, 7, (8, 16), (16, 16))
    np.testing.assert_allclose(boxes[3], [8 - 8, 8 - 16, 8 + 24, 8 + 32], atol=1e-5)
    np.testing.assert_allclose(boxes[4], [-16, -32, 48, 64], atol=1e-5)
    np.testing.assert_allclose(scores[:, :2], [[0.5, 0.0]] * 5, atol=1e-7)
    assert boxes.dtype == scores.dtype == np.float32


def test_wrong_shape_of_the_output_is_named():
    with pytest.raises(ValueError, match=r"shape \(3598, 52\), expected \(3598, 112\)"):
        decode(np.zeros((3598, 52), np.float32), 80, 7, STRIDES, (416, 416))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("column", [0, 50])
def test_an_output_that_is_not_finite_is_refused(value, column, golden_case):
    """Rather than that nothing seems to be found."""
    head, arguments, _ = golden_case
    head[7, column] = value
    with pytest.raises(InputError, match="the detector's output is not finite"):
        detections(head, 20, 7, STRIDES, **arguments)


def test_boxes_are_clipped_to_the_input():
    found = detections_from_boxes(
        np.array([[0.9]]), np.array([[-5.0, -5, 500, 20]]), (32, 64), np.eye(3), image_wh=(1000, 1000)
    )
    np.testing.assert_array_equal(found.boxes, [[0, 0, 64, 20]])


def test_suppression_acts_within_a_class():
    boxes = np.array([[0.0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30]])
    scores = np.array([[0.9, 0.3], [0.8, 0.7], [0.6, 0.0]])
    found = select(scores, boxes)
    np.testing.assert_array_equal(found.scores, np.float32([0.9, 0.7, 0.6]))
    assert found.labels.tolist() == [0, 1, 0]


def test_overlap_and_score_at_the_threshold():
    boxes = np.array([[0.0, 0, 10, 10], [0, 0, 10, 5]])  # IoU exactly 0.5
    scores = np.array([[0.9], [0.5]])
    assert len(select(scores, boxes, Limits(iou_threshold=0.5)).scores) == 2
    assert len(select(scores, boxes, Limits(iou_threshold=0.49)).scores) == 1
    assert len(select(scores, boxes, Limits(score_threshold=0.5)).scores) == 1


def test_ties_go_to_the_lower_point_then_the_lower_class():
    boxes = np.array([[0.0, 0, 1, 1], [5, 5, 6, 6]])
    found = select(np.full((2, 2), 0.5), boxes, Limits(max_detections=3))
    assert found.boxes[:, 0].tolist() == [0, 0, 5]
    assert found.labels.tolist() == [0, 1, 0]


def test_ties_of_one_class_go_to_the_lower_point_whatever_the_boxes():
    boxes = np.array([[0.0, 0, 10, 10], [0, 0, 10, 9], [0, 1, 10, 10]])
    found = select(np.full((3, 1), 0.5), boxes)
    np.testing.assert_array_equal(found.boxes, boxes[:1])


def test_an_iou_is_held_against_the_threshold_itself_not_its_float32():
    """3/5 in float32 is a hair above 0.6, and so is the nearest float32 to 0.6: a box with it falls, as in torch."""
    boxes = np.array([[0, 0, 40, 40], [10, 0, 50, 40]], np.float32)
    scores = np.array([[0.9], [0.5]], np.float32)
    assert box_iou(boxes[0], boxes[1]) == np.float32(0.6)
    assert len(select(scores, boxes, Limits(iou_threshold=0.6)).scores) == 1
    assert len(select(scores.astype(float), boxes.astype(float), Limits(iou_threshold=0.6)).scores) == 2


def test_no_more_than_the_limit():
    boxes = np.array([[0.0, 0, 1, 1], [2, 0, 3, 1], [4, 0, 5, 1]])
    scores = np.array([[0.5], [0.9], [0.7]])
    for limit in range(4):
        assert select(scores, boxes, Limits(max_detections=limit)).scores.tolist() == pytest.approx(
            [0.9, 0.7, 0.5][:limit]
        )


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_of_extreme_logits(dtype):
    output = np.zeros((1, 5 + 4 * 8), dtype)
    output[0, :5] = [-1e4, -50, 0, 50, 1e4]
    scores, _ = decode(output, 5, 7, (8,), (8, 8))
    np.testing.assert_allclose(scores[0], [0, np.exp(dtype(-50)), 0.5, 1, 1], rtol=1e-6)


def test_nothing_found():
    found = detections_from_boxes(np.zeros((3, 2)), np.zeros((3, 4)), (8, 8), np.eye(3), (8, 8))
    assert (found.boxes.shape, found.scores.shape, found.labels.shape) == ((0, 4), (0,), (0,))


def test_greedy_queue_equals_suppression_class_by_class():
    """Against the textbook loop: every class on its own, then the best of all."""
    random = np.random.RandomState(0)
    corners = random.uniform(0, 60, (200, 2))
    boxes = np.concatenate([corners, corners + random.uniform(1, 30, (200, 2))], axis=1)
    scores = random.uniform(0, 1, (200, 4))

    survivors = []
    for label in range(4):
        queue = [point for point in np.argsort(-scores[:, label]) if scores[point, label] > 0.05]
        while queue:
            best = queue.pop(0)
            survivors.append((scores[best, label], label, best))
            queue = [point for point in queue if box_iou(boxes[best], boxes[[point]])[0] <= 0.6]
    expected = sorted(survivors, reverse=True)[:100]

    found = select(scores, boxes)
    assert found.labels.tolist() == [label for _, label, _ in expected]
    np.testing.assert_array_equal(found.boxes, boxes[[point for *_, point in expected]].astype(np.float32))


def test_iou():
    others = np.array([[0.0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 6], [2, 0, 4, 2]])
    np.testing.assert_allclose(box_iou(others[0], others), [1, 1 / 7, 0, 0])


def test_iou_without_area_is_zero():
    point = np.array([3.0, 3, 3, 3])
    assert box_iou(point, point[None]).tolist() == [0]
