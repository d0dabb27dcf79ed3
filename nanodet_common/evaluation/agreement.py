"""Whether two runs, of two frameworks say, found the same: image by image, detection by detection."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nanodet_common.datasets.dataset import Dataset, ImageRecord
from nanodet_common.evaluation.differences import Difference, Evidence, ImagePair
from nanodet_common.evaluation.metrics import Metrics
from nanodet_common.evaluation.pairing import Pairing, Pairs, Tolerance, pair
from nanodet_common.margins import Floor
from nanodet_common.postprocess import Detections

METRIC_TOLERANCE = 5e-5
"""Two metrics that print the same four digits."""
COMPARED_VALUES = ("mAP", "AP50", "AP75")
NAMED = 3
"""Images that a failure names."""


class MetricPair(NamedTuple):
    """A value of both runs; None where it could not be measured."""

    name: str
    reference: float | None
    candidate: float | None

    @property
    def difference(self) -> float | None:
        """Candidate minus reference."""
        if self.reference is None or self.candidate is None:
            return None
        return self.candidate - self.reference


@dataclass(frozen=True)
class Agreement:
    """Two runs compared; true if they agree.

    images        compared: those that both runs have
    reference, candidate   how many detections each has there, as far as they count
    pairs         of all images, within the tolerance or not
    differences   pairs beyond the tolerance, and detections without a partner; the unexplained first
    metrics       values that count, of both runs
    failures      why the runs do not agree, in words
    """

    images: int
    reference: int
    candidate: int
    pairs: Pairs
    differences: tuple[Difference, ...]
    metrics: tuple[MetricPair, ...]
    tolerance: Tolerance
    least_score: float
    floor: Floor | None
    failures: tuple[str, ...]

    def __bool__(self) -> bool:
        return not self.failures

    @property
    def matched(self) -> int:
        """Pairs within the tolerance."""
        return int(np.count_nonzero(self.pairs.within(self.tolerance)))

    @property
    def share_matched(self) -> float | None:
        """Of the reference's detections, the share with a partner within the tolerance; None where there are none."""
        return self.matched / self.reference if self.reference else None

    @property
    def worst(self) -> dict[str, float | None]:
        """The largest distances of a pair, "corner" and "score"; None without pairs."""
        return {name: float(values.max()) if values.size else None for name, values in self._distances.items()}

    @property
    def _distances(self) -> dict[str, np.ndarray]:
        return {"corner": self.pairs.corner, "score": self.pairs.score}

    @property
    def explained(self) -> int:
        """Differences that rounding accounts for."""
        return sum(difference.explained for difference in self.differences)

    @property
    def unexplained(self) -> int:
        """Differences that it does not account for."""
        return len(self.differences) - self.explained

    def to_dict(self) -> dict[str, Any]:
        """For JSON: numbers are numbers, and what was not measured is None."""
        return {
            "agreed": bool(self),
            "failures": list(self.failures),
            "images": self.images,
            "detections": {"reference": self.reference, "candidate": self.candidate},
            "least_score": self.least_score,
            "tolerance": self.tolerance._asdict(),
            "floor": self.floor._asdict() if self.floor else None,
            "matched": self.matched,
            "share_matched": self.share_matched,
            "worst": self.worst,
            "histograms": {name: histogram(values) for name, values in self._distances.items()},
            "metrics": {one.name: {**one._asdict(), "difference": one.difference} for one in self.metrics},
            "explained": self.explained,
            "unexplained": self.unexplained,
            "differences": [difference.to_dict() for difference in self.differences],
        }


def compare_runs(
    dataset: Dataset,
    reference: Mapping[int, Detections],
    candidate: Mapping[int, Detections],
    *,
    tolerance: Tolerance = Tolerance(),  # noqa: B008 - immutable
    least_score: float = 0.05,
    evidence: Evidence | None = None,
    metrics: tuple[Metrics, Metrics] | None = None,
) -> Agreement:
    """Compare the detections of two runs over a data set; those below `least_score` in both do not count.

    evidence: asked only about images with a difference; without it, or with a floor above the tolerance, no difference
    is explained. metrics: of the reference and of the candidate, by the same protocol.

    The runs agree if both have every image of the data set and nothing but finite numbers, at least one detection was
    compared, every difference is explained, and no metric is further apart than 5e-5 without a difference behind it.
    """
    failures = [*_unusable(dataset, reference, "reference"), *_unusable(dataset, candidate, "candidate")]
    usable_evidence = evidence if evidence and _is_within(evidence.floor, tolerance) else None
    records = [one for one in dataset.images if one.image_id in reference and one.image_id in candidate]
    pairings, differences = [], []
    for record in records:
        ours, theirs = _finite(reference[record.image_id]), _finite(candidate[record.image_id])
        pairing = pair(ours, theirs, tolerance, least_score)
        image = ImagePair(record, ours, theirs, dataset.class_names, tolerance, usable_evidence)
        differences += image.differences(pairing)
        pairings.append(pairing)
    pairs, both = _joined(pairings), _metric_pairs(metrics)
    only_reference = sum(one.only_reference.size for one in pairings)
    only_candidate = sum(one.only_candidate.size for one in pairings)
    if differences and evidence and not usable_evidence:
        failures.append(f"The reference's own rounding exceeds the tolerance and explains nothing: {evidence.floor}.")
    failures += _verdict(pairs.score.size + only_reference + only_candidate, differences, both)
    return Agreement(
        images=len(records),
        reference=pairs.score.size + only_reference,
        candidate=pairs.score.size + only_candidate,
        pairs=pairs,
        differences=tuple(sorted(differences, key=lambda difference: difference.explained)),
        metrics=both,
        tolerance=tolerance,
        least_score=least_score,
        floor=evidence.floor if evidence else None,
        failures=tuple(failures),
    )


def histogram(values: np.ndarray) -> list[dict[str, Any]]:
    """How many are exactly 0, and how many up to each power of ten but above the one before."""
    exponents = np.ceil(np.log10(values[values > 0])).astype(int)
    powers = range(exponents.min(), exponents.max() + 1) if exponents.size else ()
    counted = [{"up_to": 10.0**power, "count": int(np.count_nonzero(exponents == power))} for power in powers]
    return [{"up_to": 0.0, "count": int(np.count_nonzero(values == 0))}, *counted]


def _unusable(dataset: Dataset, run: Mapping[int, Detections], side: str) -> Iterator[str]:
    """What of a run cannot be compared."""
    if absent := [record for record in dataset.images if record.image_id not in run]:
        yield f"{len(absent)} of {len(dataset)} images are missing in the {side}: {_named(absent)}."
    if foreign := run.keys() - {record.image_id for record in dataset.images}:
        yield f"The {side} has {len(foreign)} images that the data set does not have."
    known = [record for record in dataset.images if record.image_id in run]
    if broken := [record for record in known if not _is_finite(run[record.image_id]).all()]:
        yield f"Detections of the {side} are not finite numbers in {len(broken)} images: {_named(broken)}."


def _is_within(floor: Floor, tolerance: Tolerance) -> bool:
    # What is not finite is not within.
    return floor.score <= tolerance.score and floor.corner <= tolerance.corner


def _named(records: list[ImageRecord]) -> str:
    return ", ".join(record.file.name for record in records[:NAMED]) + (", ..." if len(records) > NAMED else "")


def _is_finite(detections: Detections) -> np.ndarray:
    return np.isfinite(detections.boxes).all(axis=1) & np.isfinite(detections.scores)


def _finite(detections: Detections) -> Detections:
    usable = _is_finite(detections)
    return Detections(*(array[usable] for array in detections))


def _metric_pairs(metrics: tuple[Metrics, Metrics] | None) -> tuple[MetricPair, ...]:
    if metrics is None:
        return ()
    ours, theirs = (one.values for one in metrics)
    return tuple(MetricPair(name, ours[name], theirs[name]) for name in COMPARED_VALUES if name in ours)


def _verdict(compared: int, differences: list[Difference], metrics: tuple[MetricPair, ...]) -> Iterator[str]:
    if not compared:
        yield "No detection was compared: neither run found anything."
    if unexplained := sum(not difference.explained for difference in differences):
        yield f"{unexplained:,} of {len(differences):,} differences are not explained by a close decision."
    for one in metrics:
        if one.difference is not None and abs(one.difference) > METRIC_TOLERANCE and not differences:
            yield f"{one.name} differs by {one.difference:.1e}, though every detection has its partner."


def _joined(pairings: list[Pairing]) -> Pairs:
    if not pairings:
        return Pairs(*np.zeros((2, 0), int), *np.zeros((3, 0)))
    return Pairs(*map(np.concatenate, zip(*(one.pairs for one in pairings), strict=True)))
