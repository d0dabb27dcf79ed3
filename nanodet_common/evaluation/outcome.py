"""What an evaluation comes to: one run with its numbers, or two and whether they agree. Printed, and written."""

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from rich.console import Console

from jtmigrate.files import check_writable, write_text
from nanodet_common.datasets.dataset import Dataset
from nanodet_common.datasets.summary import object_counts, summary
from nanodet_common.evaluation.agreement import Agreement
from nanodet_common.evaluation.coco import coco_metrics
from nanodet_common.evaluation.metrics import Metrics
from nanodet_common.evaluation.tables import print_agreement, print_metrics
from nanodet_common.evaluation.voc import voc_metrics
from nanodet_common.postprocess import Detections
from nanodet_common.record import Record

Difficult = Literal["normal", "ignore"]


class Evaluated(NamedTuple):
    """A run, under a name, and its numbers by either protocol."""

    name: str
    record: Record
    coco: Metrics
    voc: Metrics

    @property
    def images_per_second(self) -> float:
        """Everything counted: loading, model, post-processing."""
        return len(self.record.found) / max(sum(self.record.seconds.values()), 1e-9)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        record = self.record
        return {
            "coco": self.coco.to_dict(),
            "voc": self.voc.to_dict(),
            "seconds": dict(record.seconds),
            "images_per_second": self.images_per_second,
            "memory": [{"seconds": seconds, "mb": mb} for seconds, mb in record.memory],
            "sha256": {"inputs": _joint_hash(record.inputs), "outputs": _joint_hash(record.outputs)},
            "facts": dict(record.facts),
        }


@dataclass(frozen=True)
class Outcome:
    """Runs over one data set, the reference first, and how two of them agree; true unless they do not."""

    dataset: Dataset
    runs: tuple[Evaluated, ...]
    agreement: Agreement | None = None

    def __bool__(self) -> bool:
        return self.agreement is None or bool(self.agreement)

    def to_dict(self) -> dict[str, Any]:
        """For JSON: numbers are numbers, and what was not measured is None."""
        images = {
            str(one.image_id): {
                "file": str(one.file),
                **{run.name: {"input": run.record.inputs[one.image_id], "output": run.record.outputs[one.image_id]}
                   for run in self.runs},
            }
            for one in self.dataset.images
        }  # fmt: skip
        problems = [
            {"kind": one.kind, "source": str(one.source), "reason": one.reason} for one in self.dataset.problems
        ]
        return {
            "dataset": {"images": len(self.dataset), "objects": object_counts(self.dataset), "problems": problems},
            "runs": {run.name: run.to_dict() for run in self.runs},
            "agreement": None if self.agreement is None else self.agreement.to_dict(),
            "images": images,
        }

    def report(self, json_file: Path | None, html_file: Path | None) -> None:
        """Print the outcome, and write the files that are asked for. Raises InputError if one cannot be written."""
        console = Console(highlight=False)
        console.print(summary(self.dataset), soft_wrap=True, markup=False)
        for protocol in ("coco", "voc"):
            console.print()
            print_metrics({run.name: getattr(run, protocol) for run in self.runs}, console)
        console.print()
        for run in self.runs:
            console.print(run_words(run), soft_wrap=True, markup=False)
        if self.agreement is not None:
            console.print()
            print_agreement(self.agreement, tuple(run.name for run in self.runs), console)
        if json_file:
            write_text(json_file, json.dumps(self.to_dict(), indent=1, allow_nan=False))
        if html_file:
            self._write_html(html_file)

    def _write_html(self, path: Path) -> None:
        from nanodet_common.evaluation.page import Run, write_html

        write_html(
            path,
            f"{' and '.join(run.name for run in self.runs)} on {len(self.dataset):,} images",
            [Run(run.name, run.coco, run.voc, run.record.memory) for run in self.runs],
            agreement=self.agreement,
            facts={run.name: run_words(run) for run in self.runs} | _facts(self.runs[0].record),
        )


def evaluated(name: str, dataset: Dataset, record: Record, difficult: Difficult) -> Evaluated:
    """Evaluate a run by both protocols. Raises InputError where there is nothing to evaluate or to evaluate against."""
    return Evaluated(
        name, record, coco_metrics(dataset, record.found, difficult=difficult), voc_metrics(dataset, record.found)
    )


def readable(dataset: Dataset, *runs: Record) -> Dataset:
    """The images that all runs could read; the others, found out when they were decoded, join its problems."""
    kept = tuple(one for one in dataset.images if all(one.image_id in run.found for run in runs))
    found = dict.fromkeys(problem for run in runs for problem in run.problems)
    return replace(dataset, images=kept, problems=(*dataset.problems, *found))


def check_places(json_file: Path | None, html_file: Path | None) -> None:
    """Raise what `Outcome.report` would raise of the files that it shall write: before a long run, not after it."""
    for path in filter(None, (json_file, html_file)):
        check_writable(path)
    if html_file:
        import nanodet_common.evaluation.page  # noqa: F401 - a missing extra is told now


def check_evaluable(dataset: Dataset, difficult: Difficult) -> None:
    """Raise what `evaluated` would raise of this data set: before a long run, not after it."""
    if any((~one.difficult & ~one.crowd).any() for one in dataset.images):
        return
    nothing = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))
    evaluated("", dataset, Record({one.image_id: nothing for one in dataset.images}, {}, {}, {}, ()), difficult)


def run_words(run: Evaluated) -> str:
    """Speed, where the time went, and memory, on one line."""
    seconds = ", ".join(f"{part} {value:.1f}" for part, value in run.record.seconds.items())
    memory = [mb for _, mb in run.record.memory]
    first, peak, last = (f"{mb:,.0f} MB" for mb in (memory[0], max(memory), memory[-1]))
    return (
        f"{run.name}: {run.images_per_second:.1f} images/s (seconds: {seconds}); "
        f"memory {first} after the first batch, {peak} at the peak, {last} at the end"
    )


def _facts(record: Record) -> dict[str, str]:
    names = ("config", "dtype", "batch", "workers", "command", "date", "commit")
    weights = record.facts.get("weights", {})
    facts = {name: str(record.facts[name]) for name in names if name in record.facts}
    return {"weights": f"{weights['file']}, SHA-256 {weights['sha256']}", **facts} if weights else facts


def _joint_hash(hashes: dict[int, str]) -> str:
    """One SHA-256 over the hashes of all images in the order of the run."""
    return sha256("".join(hashes.values()).encode()).hexdigest()
