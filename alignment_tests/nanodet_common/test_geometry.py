import numpy as np
import pytest

from nanodet_common.geometry import fitted_size, resize_matrix, warp_boxes


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [((500, 281), (320, 320), (320, 179)), ((281, 500), (320, 320), (179, 320)), ((10, 10), (64, 32), (32, 32))],
)
def test_fitted_size_keeps_the_aspect_ratio(source, target, expected):
    assert fitted_size(source, target) == expected


def test_stretching_maps_corners_to_corners():
    matrix = resize_matrix((500, 281), (320, 416), keep_ratio=False)
    np.testing.assert_allclose(matrix @ [500, 281, 1], [320, 416, 1])


def test_kept_ratio_is_centred():
    matrix = resize_matrix((200, 100), (64, 64), keep_ratio=True)
    np.testing.assert_allclose(matrix @ [100, 50, 1], [32, 32, 1])
    assert matrix[0, 0] == matrix[1, 1] == 0.32


def test_boxes_are_moved_and_clipped():
    matrix = np.array([[2.0, 0, 10], [0, 1, 0], [0, 0, 1]])
    boxes = warp_boxes(np.array([[0.0, 1, 10, 20], [40, 5, 90, 90]]), matrix, (100, 50))
    np.testing.assert_array_equal(boxes, [[10, 1, 30, 20], [90, 5, 100, 50]])
    assert boxes.dtype == np.float32


def test_turned_box_becomes_its_upright_hull():
    quarter_turn = np.array([[0.0, -1, 50], [1, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(warp_boxes(np.array([[0.0, 0, 10, 20]]), quarter_turn, (99, 99)), [[30, 0, 50, 10]])


def test_no_boxes():
    assert warp_boxes(np.zeros((0, 4)), np.eye(3), (10, 10)).shape == (0, 4)


def test_there_and_back(shared):
    golden = np.load(shared / "golden" / "preprocess_2007_000032_320.npz")
    for keep_ratio in (True, False):
        matrix = resize_matrix((500, 281), (320, 179) if keep_ratio else (320, 320), keep_ratio=keep_ratio)
        boxes = golden[f"gt_bboxes_keep_ratio_{keep_ratio}"]
        back = warp_boxes(boxes, np.linalg.inv(matrix), (500, 281))
        np.testing.assert_allclose(warp_boxes(back, matrix, (320, 320)), boxes, atol=1e-3)
