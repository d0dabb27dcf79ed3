"""Ground truth of a batch in the shape that a vectorised loss needs."""

from collections.abc import Sequence

import numpy as np


def pad_targets(
    gt_boxes: Sequence[np.ndarray], gt_labels: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pad every image to the same number of objects G >= 1.

    gt_boxes: one (n, 4) array an image; gt_labels: one (n,) array an image.
    Returns boxes (N, G, 4), labels (N, G) int64 and mask (N, G), False for padding. The boxes keep their precision.

    Objects without area are left out, as padding is. The original lets each of them claim a prior; but no prediction
    overlaps them, so the costs of all priors agree but for rounding, which then decides the assignment.
    """
    most = max([1, *map(len, gt_labels)])
    dtype = np.result_type(np.float32, *gt_boxes)
    boxes = np.zeros((len(gt_boxes), most, 4), dtype)
    labels = np.zeros((len(gt_boxes), most), np.int64)
    mask = np.zeros((len(gt_boxes), most), bool)
    for i, (image_boxes, image_labels) in enumerate(zip(gt_boxes, gt_labels, strict=True)):
        count = len(image_labels)
        boxes[i, :count] = np.reshape(image_boxes, (-1, 4))
        labels[i, :count] = image_labels
        mask[i, :count] = (boxes[i, :count, 2:] > boxes[i, :count, :2]).all(axis=1)
    return boxes, labels, mask


def sample_targets(input_size: tuple[int, int], num_classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Made-up objects for an image (width, height in pixels): a small, a medium, a large one and two that overlap.

    Returns boxes (5, 4) x1, y1, x2, y2 float32 and labels (5,) int64. For a training step where nobody labelled one.
    """
    random = np.random.RandomState(seed)
    size = np.array(input_size, np.float32)
    extent = np.array([0.08, 0.25, 0.7, 0.35, 0.4])[:, None] * random.uniform(0.8, 1.2, (5, 2)) * size
    corner = random.uniform(0, 1, (5, 2)) * (size - extent)
    corner[4] = np.clip(corner[3] + 0.2 * extent[3], 0, size - extent[4])
    boxes = np.concatenate([corner, corner + extent], axis=1).astype(np.float32)
    return boxes, random.randint(0, num_classes, 5)
