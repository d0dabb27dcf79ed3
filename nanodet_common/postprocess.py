"""From the head's raw output to detections in the picture: decoding and non-maximum suppression, in numpy."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nanodet_common.errors import InputError
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

    The other parameters are those of `decode` and `detections_from_boxes`. Boxes are decoded only where a score
    counts. Raises as `decode`.
    """
    priors = _checked_priors(head_output, num_classes, reg_max, strides, input_hw)
    scores = _sigmoid(head_output[:, :num_classes])
    points = np.flatnonzero((scores > limits.score_threshold).any(axis=1))
    boxes = _decode_boxes(head_output[points, num_classes:], reg_max, priors[points])
    return detections_from_boxes(scores[points], boxes, input_hw, warp_matrix, image_wh, limits)


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
    found = select(scores, clip_boxes(boxes, input_hw), limits)
    return found._replace(boxes=warp_boxes(found.boxes, np.linalg.inv(warp_matrix), image_wh))


def decode(
    head_output: np.ndarray, num_classes: int, reg_max: int, strides: Sequence[int], input_hw: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Raw head output (P, num_classes + 4 * (reg_max + 1)) -> scores (P, num_classes), boxes (P, 4) in input pixels.

    The distance from a cell's point to a side of its box, in cells, is the expected value of a distribution over
    0 .. reg_max (section 3.1 of https://arxiv.org/abs/2006.04388). The dtype stays. Raises InputError for an output
    that is not finite.
    """
    priors = _checked_priors(head_output, num_classes, reg_max, strides, input_hw)
    return _sigmoid(head_output[:, :num_classes]), _decode_boxes(head_output[:, num_classes:], reg_max, priors)


def select(scores: np.ndarray, boxes: np.ndarray, limits: Limits = NANODET_LIMITS) -> Detections:
    """The best candidates that survive non-maximum suppression class by class.

    scores: (P, C). boxes: (P, 4). A point may be found as several classes. Of equal scores, the lower point, then
    the lower class comes first.
    """
    points, labels = best_first(scores, limits.score_threshold)
    survivors = suppress(boxes[points], labels, limits)
    points, labels = points[survivors], labels[survivors]
    return Detections(boxes[points].astype(np.float32), scores[points, labels].astype(np.float32), labels)


def best_first(scores: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Points and labels of the scores (P, C) above a threshold, sorted as `select` says."""
    points, labels = np.nonzero(scores > threshold)
    order = np.argsort(-scores[points, labels], kind="stable")
    return points[order], labels[order]


def clip_boxes(boxes: np.ndarray, input_hw: tuple[int, int]) -> np.ndarray:
    """Boxes (n, 4) cut off at the edges of the network's input."""
    height, width = input_hw
    return np.clip(boxes, 0, np.array([width, height, width, height], boxes.dtype))


def suppress(boxes: np.ndarray, labels: np.ndarray, limits: Limits) -> np.ndarray:
    """Indices of the survivors, best first, among boxes (n, 4) and labels (n,) that are sorted best first."""
    # Column by column in memory, which makes the arithmetic on them several times faster.
    apart = np.asfortranarray(_apart_by_class(boxes, labels))
    threshold = _largest_within(limits.iou_threshold, boxes.dtype)
    waiting = np.ones(len(boxes), bool)
    survivors = []
    for best in range(len(boxes)):
        if len(survivors) == limits.max_detections:
            break
        if waiting[best]:
            survivors.append(best)
            waiting[best + 1 :] &= box_iou(apart[best], apart[best + 1 :]) <= threshold
    return np.array(survivors, np.int64)


def box_iou(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes (..., 4) and others (..., 4), broadcast. Two boxes without area have 0."""
    low = np.maximum(boxes[..., :2], others[..., :2])
    high = np.minimum(boxes[..., 2:], others[..., 2:])
    sides = np.maximum(high - low, 0)
    intersection = sides[..., 0] * sides[..., 1]
    union = _area(boxes) + _area(others) - intersection
    return np.divide(intersection, union, out=np.zeros_like(intersection), where=union > 0)


def _apart_by_class(boxes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Boxes (n, 4) moved by so much a class that those of different classes do not meet."""
    # The original separates classes this way, and its rounding decides where an IoU is a hair off the threshold.
    step = boxes.max(initial=0) + 1
    return boxes + (labels.astype(boxes.dtype) * step)[:, None]


def _largest_within(limit: float, dtype: np.dtype) -> np.floating:
    """The largest number of a floating-point type that is not above `limit`: 0.6 as float32 is a hair above it."""
    nearest = dtype.type(limit)
    return nearest if float(nearest) <= limit else np.nextafter(nearest, dtype.type(-np.inf))


def _area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def _checked_priors(
    head_output: np.ndarray, num_classes: int, reg_max: int, strides: Sequence[int], input_hw: tuple[int, int]
) -> np.ndarray:
    """x, y, stride, stride of every point (P, 4), in the output's dtype.

    Raises ValueError if the output does not fit them, InputError if it is not finite.
    """
    priors = center_priors(input_hw, strides).astype(head_output.dtype)
    expected = (len(priors), num_classes + 4 * (reg_max + 1))
    if head_output.shape != expected:
        raise ValueError(f"head output has shape {head_output.shape}, expected {expected} for an input of {input_hw}")
    if not np.isfinite(head_output).all():
        # A score that is no number is not above the threshold: without this, nothing would seem to be found.
        raise InputError("the detector's output is not finite (NaN or infinity): its weights or its input are unusable")
    return priors


def _decode_boxes(distributions: np.ndarray, reg_max: int, priors: np.ndarray) -> np.ndarray:
    """Logits (n, 4 * (reg_max + 1)) and priors (n, 4) -> boxes (n, 4)."""
    # Sums run over the first axis, so that the same row gives the same bits whichever rows come along.
    logits = distributions.reshape(-1, reg_max + 1).T
    weights = np.exp(logits - logits.max(axis=0, initial=-np.inf))
    places = np.arange(reg_max + 1, dtype=distributions.dtype)[:, None]
    expected = (weights * places).sum(axis=0) / weights.sum(axis=0)
    distances = expected.reshape(-1, 4) * priors[:, 2:3]
    points = priors[:, :2]
    return np.concatenate([points - distances[:, :2], points + distances[:, 2:]], axis=1)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    # Full relative precision for small scores. Below -88 the exponential of float32 is infinite and the score 0.
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))
