import numpy as np

from nanodet_common.targets import pad_targets


def test_images_are_padded_to_the_most_objects():
    boxes, labels, mask = pad_targets(
        [np.float32([[0, 1, 2, 3], [4, 5, 6, 7]]), np.zeros((0, 4), np.float32)], [np.array([3, 9]), np.zeros(0, int)]
    )
    np.testing.assert_array_equal(boxes, [[[0, 1, 2, 3], [4, 5, 6, 7]], np.zeros((2, 4))])
    np.testing.assert_array_equal(labels, [[3, 9], [0, 0]])
    np.testing.assert_array_equal(mask, [[True, True], [False, False]])
    assert (boxes.dtype, labels.dtype, mask.dtype) == (np.float32, np.int64, bool)


def test_batch_without_objects_keeps_one_padded_place():
    boxes, labels, mask = pad_targets([np.zeros((0, 4))], [np.zeros(0, int)])
    assert (boxes.shape, labels.shape, mask.tolist()) == ((1, 1, 4), (1, 1), [[False]])


def test_float64_boxes_keep_their_precision():
    assert pad_targets([np.array([[0.1, 0.2, 0.3, 0.4]])], [np.array([0])])[0].dtype == np.float64


def test_objects_without_area_take_no_part():
    """Boxes that a warp moved out of the picture: two of them made PyTorch and Jittor assign 16 and 21 priors."""
    boxes, _, mask = pad_targets([np.float32([[320, 9, 320, 20], [1, 2, 3, 4], [5, 0, 9, 0]])], [np.array([1, 2, 3])])
    assert mask.tolist() == [[False, True, False]]
    assert boxes[0, 1].tolist() == [1, 2, 3, 4]
