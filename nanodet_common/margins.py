"""How close the decisions of post-processing were: which of them rounding can turn around.

Two runs whose scores differ in the seventh digit can find different boxes, where a score lies at the threshold, two
boxes overlap by just the threshold, or two of nearly equal score overlap. None of this is on the normal path.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from nanodet_common.geometry import warp_boxes
from nanodet_common.postprocess import NANODET_LIMITS, Limits, best_first, box_iou, clip_boxes, suppress

FACTOR = 4.0
"""How many noise floors a number may move: as much as a layer's verdict allows."""
BELOW = 1e-3
"""Candidates are kept that far below the score threshold, since another run may see them above it."""
SMALLEST_FLOOR = 2.0**-22
"""Four units of rounding of float32: two runs may be equal by luck."""
ARITHMETIC = 1e-6
"""More than what the float32 arithmetic of an IoU costs, as a share of it."""


class Candidates(NamedTuple):
    """What post-processing decides about in one image, best first.

    boxes        (n, 4): x1, y1, x2, y2 in pixels of the input, clipped
    image_boxes  (n, 4) float32: the same in pixels of the image
    scores       (n,)
    labels       (n,) int64
    """

    boxes: np.ndarray
    image_boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray


class Floor(NamedTuple):
    """What rounding does to the reference: its largest |float32 - float64|.

    score   of a score
    corner  of a side of a box, in pixels of the input
    """

    score: float
    corner: float


class Margins(NamedTuple):
    """How far each candidate is from another fate, (n,) each; NaN where there is no such boundary.

    score  score minus threshold
    iou    largest IoU with a better survivor of its class, minus threshold: above 0 it was suppressed
    order  distance in score to the nearest candidate of its class that overlaps by more than the threshold
    cut    of survivors: score minus that of the first one beyond `max_detections`, or of the last one within
    kept   whether it is a detection
    close  whether it might not be (or be) one if all numbers moved by a few noise floors
    """

    score: np.ndarray
    iou: np.ndarray
    order: np.ndarray
    cut: np.ndarray
    kept: np.ndarray
    close: np.ndarray


class Moves(NamedTuple):
    """How far scores, and sides of boxes of a class in pixels, are taken to move."""

    score: float
    side: float


def candidates(
    scores: np.ndarray,
    boxes: np.ndarray,
    input_hw: tuple[int, int],
    warp_matrix: np.ndarray,
    image_wh: tuple[int, int],
    limits: Limits = NANODET_LIMITS,
) -> Candidates:
    """All that might become a detection. The parameters are those of `detections_from_boxes`."""
    points, labels = best_first(scores, limits.score_threshold - BELOW)
    clipped = clip_boxes(boxes, input_hw)[points]
    image_boxes = warp_boxes(clipped, np.linalg.inv(warp_matrix), image_wh)
    return Candidates(clipped, image_boxes, scores[points, labels], labels)


def noise_floor(
    runs: Iterable[tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]],
    limits: Limits = NANODET_LIMITS,
) -> Floor:
    """The floor over some images, each as `decode` gives it: ((scores, boxes) of float32, (scores, boxes) of float64).

    Only points with a score near the threshold or above count. At least four units of rounding, of the number 1 for
    scores and of the largest coordinate for sides. Not finite where a run is not.
    """
    scores, sides = [SMALLEST_FLOOR], [SMALLEST_FLOOR]
    for (scores32, boxes32), (scores64, boxes64) in runs:
        counted = (scores64 > limits.score_threshold - BELOW).any(axis=1)
        scores.append(_distance(scores32[counted], scores64[counted]))
        sides.append(_distance(boxes32[counted], boxes64[counted]))
        sides.append(SMALLEST_FLOOR * np.abs(boxes64[counted]).max(initial=0))
    return Floor(float(np.max(scores)), float(np.max(sides)))


def margins(found: Candidates, limits: Limits, floor: Floor, *, factor: float = FACTOR) -> Margins:
    """The margins of one image's candidates; `close` for moves of up to `factor` noise floors.

    A decision that is not close falls alike in every run whose scores and boxes are that near, however the decisions
    about other candidates fall.
    """
    count = len(found.scores)
    scores, boxes = found.scores.astype(np.float64), found.boxes.astype(np.float64)
    present = np.flatnonzero(found.scores > limits.score_threshold)
    survivors = present[suppress(found.boxes[present], found.labels[present], limits._replace(max_detections=count))]

    iou, order = np.full((2, count), np.nan)
    sure, fallen = np.zeros((2, count), bool)
    for members, step in _classes(found):
        overlap = box_iou(boxes[members, None], boxes[None, members])
        iou[members] = _largest_better(overlap, np.isin(members, survivors)) - limits.iou_threshold
        order[members] = _nearest_overlapping(overlap > limits.iou_threshold, scores[members])
        moves = Moves(factor * floor.score, factor * floor.corner + step)
        sure[members], fallen[members] = _fates(scores[members], boxes[members], limits, moves)

    least, most = scores - factor * floor.score, scores + factor * floor.score
    may_be_before = np.count_nonzero(~fallen[:, None] & (most[:, None] >= least), axis=0)
    must_be_before = np.count_nonzero(sure[:, None] & (least[:, None] > most), axis=0)
    # A candidate that is not fallen counts itself.
    surely_kept = sure & (may_be_before <= limits.max_detections)
    surely_not = fallen | (must_be_before >= limits.max_detections)
    return Margins(
        score=scores - limits.score_threshold,
        iou=iou,
        order=order,
        cut=_cut(scores, survivors, limits.max_detections),
        kept=np.isin(np.arange(count), survivors[: limits.max_detections]),
        close=~(surely_kept | surely_not),
    )


def _fates(scores: np.ndarray, boxes: np.ndarray, limits: Limits, moves: Moves) -> tuple[np.ndarray, np.ndarray]:
    """Which candidates of a class survive suppression whatever moves, and which never do: (n,) bool each."""
    lowest, highest = scores - moves.score, scores + moves.score
    least, most = _iou_bounds(boxes, moves.side)
    itself = np.eye(len(scores), dtype=bool)
    # [better, worse]; float32, since only products of that are fast.
    may_suppress = ((highest[:, None] >= lowest) & (most > limits.iou_threshold) & ~itself).astype(np.float32)
    must_suppress = ((lowest[:, None] > highest) & (least > limits.iou_threshold)).astype(np.float32)
    sure, fallen = np.zeros(len(scores), bool), highest <= limits.score_threshold
    while True:
        # Nobody who may be alive may suppress it; somebody who is sure must.
        now_sure = (lowest > limits.score_threshold) & ((~fallen).astype(np.float32) @ may_suppress == 0)
        now_fallen = fallen | (sure.astype(np.float32) @ must_suppress > 0)
        if (now_sure == sure).all() and (now_fallen == fallen).all():
            return sure, fallen
        sure, fallen = now_sure, now_fallen


def _iou_bounds(boxes: np.ndarray, move: float) -> tuple[np.ndarray, np.ndarray]:
    """The least and the largest IoU of every two boxes (n, n) when every side moves by at most `move`."""
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    (shared_least, shared_most), (least, most) = _areas(high - low, move), _areas(boxes[:, 2:] - boxes[:, :2], move)
    smallest_union = np.maximum(least[:, None] + least - shared_most, shared_most)
    largest_union = most[:, None] + most - shared_least
    largest = np.divide(shared_most, smallest_union, out=np.zeros_like(shared_most), where=smallest_union > 0)
    smallest = np.divide(shared_least, largest_union, out=np.zeros_like(shared_least), where=largest_union > 0)
    return smallest * (1 - ARITHMETIC), largest * (1 + ARITHMETIC)


def _areas(sides: np.ndarray, move: float) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest area for widths and heights (..., 2) both of whose ends may move."""
    least, most = np.maximum(sides - 2 * move, 0), np.maximum(sides + 2 * move, 0)
    return least.prod(axis=-1), most.prod(axis=-1)


def _classes(found: Candidates) -> Iterator[tuple[np.ndarray, float]]:
    """For every class: its candidates, and the gap between numbers as far out as suppression moves its boxes."""
    # Suppression moves them by 1 more than the largest coordinate, which may itself be a little larger.
    extent = found.boxes.max(initial=0) + 2
    for label in np.unique(found.labels):
        yield np.flatnonzero(found.labels == label), float(np.spacing(np.float32((label + 1) * extent)))


def _largest_better(overlap: np.ndarray, survives: np.ndarray) -> np.ndarray:
    """The largest IoU with an earlier survivor; 0 without one."""
    return np.triu(overlap * survives[:, None], k=1).max(axis=0, initial=0)


def _nearest_overlapping(overlapping: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The distance in score to the nearest other one that overlaps; NaN without one."""
    distances = np.where(overlapping & ~np.eye(len(scores), dtype=bool), np.abs(scores[:, None] - scores), np.inf)
    nearest = distances.min(axis=0, initial=np.inf)
    return np.where(np.isfinite(nearest), nearest, np.nan)


def _cut(scores: np.ndarray, survivors: np.ndarray, most: int) -> np.ndarray:
    """As in `Margins`; survivors are indices, best first."""
    distances = np.full(len(scores), np.nan)
    if len(survivors) > most > 0:
        within, beyond = survivors[:most], survivors[most:]
        distances[within] = scores[within] - scores[beyond[0]]
        distances[beyond] = scores[beyond] - scores[within[-1]]
    return distances


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max(initial=0))
