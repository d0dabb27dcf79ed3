"""From the head's raw output to detections in the picture: decoding and non-maximum suppression, in numpy."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nanodet_common.geometry import warp_boxes
from nanodet_common.priors import center_priors


class Detections(NamedTuple):
    """What was found in one image, best first.

    boxes   (n, 4) float32: x1, y1, x2, y2 in pixels
    scores  (n,) float32
    labels  (n,) int64: index of the class
    """

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray


class Limits(NamedTuple):
    """Which candidates become detections.

    score_threshold  a score must be above it
    iou_threshold    a candidate falls where its IoU with a better one of its class is above it
    max_detections   at most so many an image, over all classes
    """

    score_threshold: float = 0.05
    iou_threshold: float = 0.6
    max_detections: int = 100


NANODET_LIMITS = Limits()
"""The original's, for the COCO evaluation."""


def detections(
    head_output: np.ndarray,
    num_classes: int,
    reg_max: int,
    strides: Sequence[int],
    input_hw: tuple[int, int],
    warp_matrix: np.ndarray,
    image_wh: tuple[int, int],
    limits: Limits = NANODET_LIMITS,
) -> Detections:
    """Detections of one image, in its own pixels, from the raw head output (P, num_classes + 4 * (reg_max + 1)).

    The other parameters are those of `decode` and `detections_from_boxes`.
    """
    scores, boxes = decode(head_output, num_classes, reg_max, strides, input_hw)
    return detections_from_boxes(scores, boxes, input_hw, warp_matrix, image_wh, limits)


def detections_from_boxes(
    scores: np.ndarray,
    boxes: np.ndarray,
    input_hw: tuple[int, int],
    warp_matrix: np.ndarray,
    image_wh: tuple[int, int],
    limits: Limits = NANODET_LIMITS,
) -> Detections:
    """Detections of one image, in its own pixels, from scores (P, num_classes) and boxes (P, 4) in input pixels.

    input_hw: height and width of the network's input, to which boxes are clipped. warp_matrix: from image to input
    pixels, as `preprocess` returns it. image_wh: width and height of the image.
    """
    height, width = input_hw
    clipped = np.clip(boxes, 0, np.array([width, height, width, height], boxes.dtype))
    found = select(scores, clipped, limits)
    return found._replace(boxes=warp_boxes(found.boxes, np.linalg.inv(warp_matrix), image_wh))


def decode(
    head_output: np.ndarray, num_classes: int, reg_max: int, strides: Sequence[int], input_hw: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Raw head output (P, num_classes + 4 * (reg_max + 1)) -> scores (P, num_classes), boxes (P, 4) in input pixels.

    The distance from a cell's point to a side of its box, in cells, is the expected value of a distribution over
    0 .. reg_max (section 3.1 of https://arxiv.org/abs/2006.04388). The dtype stays.
    """
    priors = center_priors(input_hw, strides).astype(head_output.dtype)
    expected = (len(priors), num_classes + 4 * (reg_max + 1))
    if head_output.shape != expected:
        raise ValueError(f"head output has shape {head_output.shape}, expected {expected} for an input of {input_hw}")
    distributions = _softmax(head_output[:, num_classes:].reshape(-1, 4, reg_max + 1))
    distances = distributions @ np.arange(reg_max + 1, dtype=head_output.dtype) * priors[:, 2:3]
    points = priors[:, :2]
    boxes = np.concatenate([points - distances[:, :2], points + distances[:, 2:]], axis=1)
    return _sigmoid(head_output[:, :num_classes]), boxes


def select(scores: np.ndarray, boxes: np.ndarray, limits: Limits = NANODET_LIMITS) -> Detections:
    """The best candidates that survive non-maximum suppression class by class.

    scores: (P, C). boxes: (P, 4). A point may be found as several classes. Of equal scores, the lower point, then
    the lower class comes first.
    """
    points, labels = np.nonzero(scores > limits.score_threshold)
    order = np.argsort(-scores[points, labels], kind="stable")
    points, labels = points[order], labels[order]
    survivors = _suppress(_apart_by_class(boxes[points], labels), limits)
    points, labels = points[survivors], labels[survivors]
    return Detections(boxes[points].astype(np.float32), scores[points, labels].astype(np.float32), labels)


def _apart_by_class(boxes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Boxes (n, 4) moved by so much a class that those of different classes do not meet."""
    # The original separates classes this way, and its rounding decides where an IoU is a hair off the threshold.
    step = boxes.max(initial=0) + 1
    return boxes + (labels.astype(boxes.dtype) * step)[:, None]


def _suppress(boxes: np.ndarray, limits: Limits) -> np.ndarray:
    """Indices of the survivors among boxes sorted best first."""
    survivors = []
    queue = np.arange(len(boxes))
    while queue.size and len(survivors) < limits.max_detections:
        best, queue = queue[0], queue[1:]
        survivors.append(best)
        queue = queue[box_iou(boxes[best], boxes[queue]) <= limits.iou_threshold]
    return np.array(survivors, np.int64)


def box_iou(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Intersection over union of one box (4,) with others (n, 4): (n,). Two boxes without area have 0."""
    top_left = np.maximum(box[:2], boxes[:, :2])
    bottom_right = np.minimum(box[2:], boxes[:, 2:])
    intersection = np.prod(np.maximum(bottom_right - top_left, 0), axis=1)
    union = np.prod(box[2:] - box[:2]) + np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) - intersection
    return np.divide(intersection, union, out=np.zeros_like(intersection), where=union > 0)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    # 1 / (1 + exp(-x)) without overflow, at full relative precision for small scores.
    return np.exp(-np.logaddexp(0, -x))


def _softmax(x: np.ndarray) -> np.ndarray:
    exponential = np.exp(x - x.max(axis=-1, keepdims=True))
    return exponential / exponential.sum(axis=-1, keepdims=True)
