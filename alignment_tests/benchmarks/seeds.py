"""A short training with several seeds in both frameworks: is Jittor lower by more than seeds lie apart?

    python -m alignment_tests.benchmarks.seeds --voc VOCdevkit --weights model.pth [--train 2007:trainval]
        [--test 2007:test] [--epochs 2] [--seeds 3] [--runs runs/seeds] [--out reports/training/seeds.md]

A seed is the same order, augmentation and fresh weights in both frameworks. What was finished before is not run again,
what was begun goes on. Exit code 1 if Jittor's mean mAP is lower than PyTorch's by more than two standard deviations of
PyTorch's seeds, over all classes or over those with at least `--objects` test boxes that are not marked difficult.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from jtmigrate.files import write_text
from nanodet_common.class_names import VOC_CLASSES
from nanodet_common.datasets.dataset import Dataset
from nanodet_common.datasets.voc import read_voc
from nanodet_common.evaluation.coco import coco_metrics
from nanodet_common.evaluation.results import read_results
from nanodet_common.training.run_folder import RunFolder

PACKAGES = {"torch": "nanodet_ref_torch", "jittor": "nanodet_jittor"}
DEVIATIONS = 2

Scores = Mapping[str, np.ndarray]
"""mAP of every seed, by framework."""


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", default="nanodet-plus-m_320-voc-cpu")
    parser.add_argument("--voc", type=Path, required=True, help="folder of VOC2007, VOC2012")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--load", default="transfer", choices=("full", "transfer", "backbone"))
    parser.add_argument("--train", default="2007:trainval", help="YEAR:SPLIT")
    parser.add_argument("--test", default="2007:test", help="YEAR:SPLIT")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--objects", type=int, default=17)
    parser.add_argument("--runs", type=Path, default=Path("runs/seeds"))
    parser.add_argument("--out", type=Path, default=Path("reports/training/seeds.md"))
    options = parser.parse_args()
    dataset = read_voc(options.voc, [options.test], VOC_CLASSES)
    precisions = {
        framework: np.array([classes(framework, seed, options, dataset) for seed in range(options.seeds)])
        for framework in PACKAGES
    }
    frequent = _frequent(dataset, options.objects)
    kinds = {"all classes": np.ones_like(frequent), f"{frequent.sum()} classes": frequent}
    scores = {name: {key: of[:, which].mean(1) for key, of in precisions.items()} for name, which in kinds.items()}
    command = "python -m alignment_tests.benchmarks.seeds " + " ".join(sys.argv[1:])
    write_text(options.out, "\n".join([f"# {options.seeds} seeds", "", f"`{command}`", "", *table(scores), ""]))
    print("\n".join(table(scores)))
    return 0 if all(deviations(one) >= -DEVIATIONS for one in scores.values()) else 1


def classes(framework: str, seed: int, options: argparse.Namespace, dataset: Dataset) -> np.ndarray:
    """Average precision of each class after one training, (C,)."""
    folder = RunFolder(options.runs / f"{framework}-{seed}")
    found = folder.path / "detections.json"
    weights = folder.weights("last", framework)
    common = ("--config", options.config, "--voc", options.voc)
    if not weights.exists():
        _run(
            framework, "train", *common, "--train", options.train, "--weights", options.weights, "--load", options.load,
            *("--epochs", options.epochs, "--holdout", 0, "--seed", seed, "--out", folder.path),
            *(("--resume",) if folder.is_begun() else ()),
        )  # fmt: skip
    if not found.exists():
        _run(framework, "eval", *common, "--split", options.test, "--weights", weights, "--out", found)
    per_class = coco_metrics(dataset, read_results(found, dataset)).classes
    return np.array([one.values["AP"] for one in per_class])


def table(scores: Mapping[str, Scores]) -> Iterator[str]:
    """Lines of Markdown."""
    seeds = len(next(iter(next(iter(scores.values())).values())))
    yield f"| mAP | framework | {' | '.join(f'seed {seed}' for seed in range(seeds))} | mean | standard deviation |"
    yield "| --- | --- |" + " --- |" * (seeds + 2)
    for name, of in scores.items():
        for framework, values in of.items():
            cells = [name, PACKAGES[framework], *(f"{value:.4f}" for value in values)]
            yield f"| {' | '.join(cells)} | {values.mean():.4f} | {values.std(ddof=1):.4f} |"
    yield ""
    for name, of in scores.items():
        yield (
            f"Over {name}, Jittor's mean is {of['jittor'].mean() - of['torch'].mean():+.4f} from PyTorch's: "
            f"{deviations(of):+.1f} standard deviations of PyTorch's seeds.  "
        )


def deviations(scores: Scores) -> float:
    """How far Jittor's mean lies from PyTorch's, in standard deviations of PyTorch's seeds."""
    return float((scores["jittor"].mean() - scores["torch"].mean()) / scores["torch"].std(ddof=1))


def _frequent(dataset: Dataset, objects: int) -> np.ndarray:
    labels = np.concatenate([image.labels[~image.difficult] for image in dataset.images])
    return np.bincount(labels, minlength=len(dataset.class_names)) >= objects


def _run(framework: str, *arguments: object) -> None:
    subprocess.run([sys.executable, "-m", PACKAGES[framework], *map(str, arguments)], check=True)


if __name__ == "__main__":
    sys.exit(main())
