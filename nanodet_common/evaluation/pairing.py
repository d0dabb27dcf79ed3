"""Which detection of one run is which of the other, within an image."""

from typing import NamedTuple

import numpy as np

from nanodet_common.postprocess import Detections, box_iou

SAME_OBJECT = 0.5
"""Boxes further apart than the tolerance are still a pair at this IoU, so that their distance can be told."""


class Tolerance(NamedTuple):
    """How far two detections may be apart and count as the same.

    corner  largest difference of a side of the box, in pixels of the file
    score   difference of the scores
    """

    corner: float = 0.01
    score: float = 1e-5


class Pairs(NamedTuple):
    """Detections that belong together, (n,) each.

    reference, candidate   their indices
    corner, score          how far apart they are, as in `Tolerance`
    scores                 the reference's
    """

    reference: np.ndarray
    candidate: np.ndarray
    corner: np.ndarray
    score: np.ndarray
    scores: np.ndarray

    def within(self, tolerance: Tolerance) -> np.ndarray:
        """Which pairs count as the same."""
        return (self.corner <= tolerance.corner) & (self.score <= tolerance.score)


class Pairing(NamedTuple):
    """All detections of two runs in one image: pairs, and the indices of those without a partner."""

    pairs: Pairs
    only_reference: np.ndarray
    only_candidate: np.ndarray


def pair(reference: Detections, candidate: Detections, tolerance: Tolerance, least_score: float) -> Pairing:
    """Pair one to one within a class, the nearest two of all first.

    Near is measured in tolerances: the larger of corner distance and score difference, each as a multiple of what is
    allowed. Two that are not within the tolerance become a pair only if their IoU is at least 0.5. At equal distance
    the earlier detection of the reference, then of the candidate, comes first. What has no score of at least
    `least_score` on either side is left out. Numbers must be finite.
    """
    corner, score = distances(reference, candidate)
    distance = np.maximum(corner / tolerance.corner, score / tolerance.score)
    overlap = box_iou(reference.boxes[:, None], candidate.boxes[None])
    allowed = (reference.labels[:, None] == candidate.labels) & ((distance <= 1) | (overlap >= SAME_OBJECT))
    rows, columns = _nearest_first(distance, allowed)
    counted = np.maximum(reference.scores[rows], candidate.scores[columns]) >= least_score
    kept_rows, kept_columns = rows[counted], columns[counted]
    return Pairing(
        Pairs(
            reference=kept_rows,
            candidate=kept_columns,
            corner=corner[kept_rows, kept_columns],
            score=score[kept_rows, kept_columns],
            scores=reference.scores[kept_rows],
        ),
        only_reference=np.setdiff1d(np.flatnonzero(reference.scores >= least_score), rows),
        only_candidate=np.setdiff1d(np.flatnonzero(candidate.scores >= least_score), columns),
    )


def distances(reference: Detections, candidate: Detections) -> tuple[np.ndarray, np.ndarray]:
    """Largest difference of a side (n, m) and difference of the scores (n, m), of all with all, in float64."""
    boxes, others = reference.boxes.astype(np.float64), candidate.boxes.astype(np.float64)
    scores, other_scores = reference.scores.astype(np.float64), candidate.scores.astype(np.float64)
    corner = np.abs(boxes[:, None] - others[None]).max(axis=2, initial=0)
    return corner, np.abs(scores[:, None] - other_scores)


def _nearest_first(distance: np.ndarray, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pairs, sorted by row."""
    rows, columns = np.nonzero(allowed)
    order = np.argsort(distance[rows, columns], kind="stable")
    partners: dict[int, int] = {}
    taken: set[int] = set()
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if row not in partners and column not in taken:
            partners[row] = column
            taken.add(column)
    paired = sorted(partners)
    return np.array(paired, int), np.array([partners[row] for row in paired], int)
