"""How much of a mean average precision is the choice of the images: a bootstrap over them (Efron, 1979)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from nanodet_common.datasets.dataset import Dataset
from nanodet_common.errors import InputError
from nanodet_common.evaluation.coco import Matches, matched
from nanodet_common.evaluation.metrics import RECALLS
from nanodet_common.postprocess import Detections

SHARE = 0.95
"""Of the samples, how many an interval holds."""


class Interval(NamedTuple):
    """A number measured on all images, and between which two it lies on `SHARE` of the samples of images."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Bootstrap:
    """COCO's mAP of several runs on all images and on the same samples of images.

    values   by the run's name
    samples  by the run's name: (number of samples,)
    """

    values: Mapping[str, float]
    samples: Mapping[str, np.ndarray]

    def interval(self, name: str) -> Interval:
        """Of one run's mAP."""
        return _interval(self.values[name], self.samples[name])

    def difference(self, name: str, other: str) -> Interval:
        """Of a run's mAP minus another's: narrower than two intervals tell, since the images are the same."""
        return _interval(self.values[name] - self.values[other], self.samples[name] - self.samples[other])


def bootstrap(
    dataset: Dataset,
    runs: Mapping[str, Mapping[int, Detections]],
    *,
    classes: Collection[int] | None = None,
    samples: int = 1000,
    seed: int = 0,
    difficult: Literal["normal", "ignore"] = "normal",
) -> Bootstrap:
    """mAP of the runs' detections on the data set, and on samples of as many of its images, drawn with replacement.

    classes  labels of those over which the mean is taken; None for all. A class without an object in a sample is not
             part of that sample's mean

    Raises InputError as `coco_metrics` does, and where none of the classes has an object.
    """
    of_runs = {name: matched(dataset, found, difficult=difficult) for name, found in runs.items()}
    chosen = range(len(dataset.class_names)) if classes is None else sorted(classes)
    of_runs = {name: [of_class[label] for label in chosen] for name, of_class in of_runs.items()}
    if not any(one.objects.sum() for of_class in of_runs.values() for one in of_class):
        raise InputError("none of the chosen classes has an object in the data set")
    count, random = len(dataset), np.random.default_rng(seed)
    draws = (np.bincount(random.integers(0, count, count), minlength=count) for _ in range(samples))
    values = {name: mean_average_precision(of_class, np.ones(count, int)) for name, of_class in of_runs.items()}
    sampled = np.array(
        [[mean_average_precision(of_class, times) for of_class in of_runs.values()] for times in draws]
    ).reshape(samples, len(of_runs))
    return Bootstrap(values, dict(zip(of_runs, sampled.T, strict=True)))


def mean_average_precision(of_class: Collection[Matches], times: np.ndarray) -> float:
    """COCO's mAP where image i counts `times[i]` times; NaN where no object counts."""
    found = [_precision(one, times) for one in of_class if times @ one.objects]
    return float(np.mean(found)) if found else float("nan")


def _precision(matches: Matches, times: np.ndarray) -> np.ndarray:
    """(IoU threshold, recall), as pycocotools' `accumulate` finds it."""
    counted = matches.counted * times[matches.images]
    right = np.cumsum(matches.right * counted, axis=1)
    precision = right / np.maximum(np.cumsum(counted, axis=1), 1)
    best_from_here = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    recall = right / (times @ matches.objects)
    result = np.zeros((len(recall), len(RECALLS)))
    for row, (reached, best) in enumerate(zip(recall, best_from_here, strict=True)):
        places = np.searchsorted(reached, RECALLS)
        inside = places < len(best)
        result[row, inside] = best[places[inside]]
    return result


def _interval(value: float, samples: np.ndarray) -> Interval:
    low, high = np.nanquantile(samples, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    return Interval(value, float(low), float(high))
