"""What two runs did not find alike, and whether rounding accounts for it."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from nanodet_common.datasets.dataset import ImageRecord
from nanodet_common.evaluation.pairing import Pairing, Tolerance, distances
from nanodet_common.margins import Candidates, Floor, Margins, margins
from nanodet_common.postprocess import Detections, Limits


@dataclass(frozen=True)
class Side:
    """A detection of one run that the other does not have.

    box      x1, y1, x2, y2 in pixels of the file
    margins  how far the reference's decision about it was from falling otherwise, as in `margins.Margins`: "score",
             "iou", "order", "cut"; a boundary that it does not have is missing; None where nothing is known of it
    close    whether that is within a few noise floors
    """

    box: tuple[float, float, float, float]
    score: float
    margins: dict[str, float] | None
    close: bool


@dataclass(frozen=True)
class Difference:
    """A pair beyond the tolerance, or a detection without a partner (the other side is None then, as the distances)."""

    image_id: int
    file: str
    class_name: str
    reference: Side | None
    candidate: Side | None
    corner: float | None
    score: float | None

    @property
    def explained(self) -> bool:
        """Whether every detection in it was a close decision of the reference."""
        return all(side.close for side in (self.reference, self.candidate) if side)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "explained": self.explained}


class Evidence(NamedTuple):
    """How to ask for the decisions behind the reference's detections.

    candidates_of  image id -> what the reference decided about
    floor          its own rounding
    limits         those of the decisions
    """

    candidates_of: Callable[[int], Candidates]
    floor: Floor
    limits: Limits


@dataclass(frozen=True)
class ImagePair:
    """Both runs' detections of one image."""

    record: ImageRecord
    reference: Detections
    candidate: Detections
    class_names: tuple[str, ...]
    tolerance: Tolerance
    evidence: Evidence | None

    def differences(self, pairing: Pairing) -> Iterator[Difference]:
        """Those of the pairing: first pairs, then what only one side has."""
        pairs = pairing.pairs
        for index in np.flatnonzero(~pairs.within(self.tolerance)):
            yield self._difference(
                pairs.reference[index], pairs.candidate[index], float(pairs.corner[index]), float(pairs.score[index])
            )
        for index in pairing.only_reference:
            yield self._difference(index, None, None, None)
        for index in pairing.only_candidate:
            yield self._difference(None, index, None, None)

    def _difference(
        self, reference: int | None, candidate: int | None, corner: float | None, score: float | None
    ) -> Difference:
        ours = None if reference is None else self._side(self.reference, reference)
        theirs = None if candidate is None else self._side(self.candidate, candidate)
        label = self.candidate.labels[candidate] if reference is None else self.reference.labels[reference]
        return Difference(
            self.record.image_id, self.record.file.name, self.class_names[label], ours, theirs, corner, score
        )

    def _side(self, detections: Detections, index: int) -> Side:
        one = Detections(*(array[index : index + 1] for array in detections))
        place = self._place(one)
        box, score = tuple(one.boxes[0].tolist()), float(one.scores[0])
        if place is None:
            return Side(box, score, None, close=False)
        values = {name: float(getattr(self._margins, name)[place]) for name in ("score", "iou", "order", "cut")}
        known = {name: value for name, value in values.items() if not np.isnan(value)}
        return Side(box, score, known, close=bool(self._margins.close[place]))

    def _place(self, one: Detections) -> int | None:
        """Which candidate of the reference this is; None if none is that near."""
        if self.evidence is None or not len(self._candidates.scores):
            return None
        known = Detections(self._candidates.image_boxes, self._candidates.scores, self._candidates.labels)
        (corner,), (score,) = distances(one, known)
        distance = np.maximum(corner / self.tolerance.corner, score / self.tolerance.score)
        distance[known.labels != one.labels[0]] = np.inf
        nearest = int(distance.argmin())
        return nearest if distance[nearest] <= 1 else None

    @cached_property
    def _candidates(self) -> Candidates:
        return self.evidence.candidates_of(self.record.image_id)

    @cached_property
    def _margins(self) -> Margins:
        return margins(self._candidates, self.evidence.limits, self.evidence.floor)
