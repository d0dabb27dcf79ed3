import numpy as np
import pytest

from nanodet_common.drawing import GAP, TITLE_HEIGHT, class_color, draw_detections, draw_objects, grid, side_by_side
from nanodet_common.postprocess import Detections

NAMES = ("cat", "dog")


def found(*rows):
    boxes, scores, labels = zip(*rows, strict=True)
    return Detections(np.float32(boxes), np.float32(scores), np.int64(labels))


def grey(height=120, width=160):
    return np.full((height, width, 3), 128, np.uint8)


def test_box_is_drawn_in_the_colour_of_its_class_on_a_copy():
    image = grey()
    drawn = draw_detections(image, found(([20, 50, 100, 110], 0.9, 1)), NAMES)
    assert (image == 128).all()
    assert tuple(drawn[80, 20]) == tuple(drawn[80, 100]) == class_color(1)
    assert (drawn[80, 60] == 128).all()


def test_low_scores_are_left_out():
    drawn = draw_detections(grey(), found(([20, 50, 100, 110], 0.29, 0)), NAMES, score_threshold=0.3)
    assert (drawn == 128).all()


def test_best_detection_lies_on_top():
    box = [20, 50, 100, 110]
    drawn = draw_detections(grey(), found((box, 0.9, 0), (box, 0.5, 1)), NAMES)
    assert tuple(drawn[80, 20]) == class_color(0)


@pytest.mark.parametrize("box", [[0, 0, 160, 120], [-5, -5, 500, 60], [150, 110, 160, 120], [5, 5, 5, 5]])
def test_boxes_at_and_beyond_the_edge(box):
    drawn = draw_detections(grey(), found((box, 0.9, 0)), NAMES)
    assert drawn.shape == (120, 160, 3)
    assert (drawn != 128).any()


def test_nothing_to_draw():
    nothing = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))
    np.testing.assert_array_equal(draw_detections(grey(), nothing, NAMES), grey())


def test_colours_of_80_classes_are_distinct():
    colors = np.array([class_color(label) for label in range(80)])
    assert len(np.unique(colors, axis=0)) == 80
    assert np.abs(np.diff(colors, axis=0)).max(axis=1).min() > 60


def test_objects_are_drawn_without_a_score_on_a_copy():
    image = grey()
    drawn = draw_objects(image, np.float32([[20, 50, 100, 110]]), np.int64([1]), NAMES)
    assert (image == 128).all()
    assert tuple(drawn[80, 20]) == class_color(1)
    assert (drawn != draw_detections(image, found(([20, 50, 100, 110], 0.9, 1)), NAMES)).any()


def test_grid_fills_rows_and_columns_with_white():
    images = [np.zeros((height, width, 3), np.uint8) for height, width in ((50, 40), (30, 60), (20, 70))]
    sheet = grid(images, ("one", "two", "three"), columns=2)
    assert sheet.shape == (2 * TITLE_HEIGHT + 50 + GAP + 20, 70 + GAP + 60, 3)
    assert (sheet[TITLE_HEIGHT:][:50, :40] == 0).all()
    assert (sheet[TITLE_HEIGHT:][:30, 70 + GAP :] == 0).all()
    assert (sheet[TITLE_HEIGHT + 30 : TITLE_HEIGHT + 50 + GAP, 70:] == 255).all()
    assert (sheet[-20:, :70] == 0).all()


def test_side_by_side_aligns_the_tops():
    left, right = np.zeros((50, 200, 3), np.uint8), np.zeros((80, 150, 3), np.uint8)
    joined = side_by_side(left, right, ("PyTorch", "Jittor"))
    top = len(joined) - 80
    assert joined.shape[1] > 350
    assert (joined[top : top + 50, :200] == 0).all()
    assert (joined[top + 50 :, :200] == 255).all()
    assert (joined[top:, -150:] == 0).all()
    assert (joined[:top, :200] != 255).any()
    assert (joined[:top, -150:] != 255).any()
