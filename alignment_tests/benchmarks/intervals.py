"""mAP of detections with bootstrap intervals over the images, and of the differences between runs.

    python -m nanodet_jittor eval --config C --weights W.pkl --voc VOCdevkit --split 2007:test --out a.json
    python -m alignment_tests.benchmarks.intervals --voc VOCdevkit --split 2007:test jittor=a.json torch=b.json

Every run is held against the first, over all classes and over those with at least `--objects` test boxes that are not
marked difficult. The table is Markdown.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nanodet_common.class_names import VOC_CLASSES
from nanodet_common.datasets.dataset import Dataset
from nanodet_common.datasets.voc import read_voc
from nanodet_common.evaluation.bootstrap import Interval, bootstrap
from nanodet_common.evaluation.coco import coco_metrics
from nanodet_common.evaluation.results import read_results


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--voc", type=Path, required=True)
    parser.add_argument("--split", default="2007:test")
    parser.add_argument("--objects", type=int, default=17)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("runs", nargs="+", metavar="NAME=FILE.json")
    options = parser.parse_args()
    dataset = read_voc(options.voc, options.split.split(","), VOC_CLASSES)
    runs = dict(run.split("=", 1) for run in options.runs)
    for line in table(dataset, {name: Path(path) for name, path in runs.items()}, options.objects, options.samples):
        print(line)


def table(dataset: Dataset, files: dict[str, Path], objects: int, samples: int) -> Iterator[str]:
    """Lines of Markdown."""
    runs = {name: read_results(path, dataset) for name, path in files.items()}
    labels = np.concatenate([image.labels[~image.difficult] for image in dataset.images])
    counts = np.bincount(labels, minlength=len(dataset.class_names))
    frequent = np.flatnonzero(counts >= objects).tolist()
    everything = bootstrap(dataset, runs, samples=samples)
    common = bootstrap(dataset, runs, classes=frequent, samples=samples)
    first = next(iter(runs))
    yield f"{len(dataset):,} images; 95 % intervals from {samples:,} samples of them.\n"
    yield f"| | mAP | AP50 | mAP of {len(frequent)} classes | mAP minus {first}'s | the same, {len(frequent)} classes |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, found in runs.items():
        differences = (
            ["", ""] if name == first else [_words(one.difference(name, first)) for one in (everything, common)]
        )
        cells = [_words(everything.interval(name)), f"{coco_metrics(dataset, found).values['AP50']:.4f}"]
        yield f"| {' | '.join([name, *cells, _words(common.interval(name)), *differences])} |"


def _words(interval: Interval) -> str:
    return f"{interval.value:.4f} ({interval.low:.4f} to {interval.high:.4f})"


if __name__ == "__main__":
    main()
