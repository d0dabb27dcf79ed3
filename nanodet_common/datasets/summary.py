"""A data set in a few lines: what there is, and what is wrong with it."""

from collections import Counter, defaultdict
from itertools import islice

import numpy as np

from nanodet_common.datasets.dataset import Dataset

SHOWN = 3
"""Reasons of each kind of problem."""


def summary(dataset: Dataset) -> str:
    """Lines on images, objects and classes, and for every kind of problem its number and the first few."""
    counts = object_counts(dataset)
    difficult = sum(int(image.difficult.sum()) for image in dataset.images)
    crowds = sum(int(image.crowd.sum()) for image in dataset.images)
    empty = sum(len(image.boxes) == 0 for image in dataset.images)
    absent = [name for name, count in counts.items() if count == 0]
    lines = [
        f"images: {len(dataset):,} ({empty:,} without objects)",
        f"objects: {sum(counts.values()):,} ({difficult:,} difficult, {crowds:,} crowds)",
        f"classes: {len(counts):,}" + (f" (none of: {', '.join(absent)})" if absent else ""),
    ]
    return "\n".join(lines + problem_lines(dataset))


def object_counts(dataset: Dataset) -> dict[str, int]:
    """Objects of each class, in the order of the classes."""
    labels = [image.labels for image in dataset.images]
    counts = np.bincount(np.concatenate([np.zeros(0, np.int64), *labels]), minlength=len(dataset.class_names))
    return dict(zip(dataset.class_names, counts.tolist(), strict=True))


def problem_lines(dataset: Dataset) -> list[str]:
    """Lines on every kind of problem, the most frequent first: the first few reasons, each with the first file."""
    lines = [f"problems: {len(dataset.problems):,}"]
    for kind, count in Counter(problem.kind for problem in dataset.problems).most_common():
        lines.append(f"  {kind}: {count:,}")
        alike = defaultdict(list)
        for problem in dataset.problems:
            if problem.kind == kind:
                alike[problem.reason].append(problem.source)
        for reason, sources in islice(alike.items(), SHOWN):
            more = f" (and {len(sources) - 1:,} alike)" if len(sources) > 1 else ""
            lines.append(f"    {sources[0]}: {reason}{more}")
        if len(alike) > SHOWN:
            lines.append("    ...")
    return lines
