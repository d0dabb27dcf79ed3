"""An evaluation, or two and their agreement, as one HTML page that needs no network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nanodet_common.evaluation import curves
from nanodet_common.evaluation.agreement import Agreement
from nanodet_common.evaluation.metrics import Metrics
from nanodet_common.evaluation.words import (
    agreement_facts,
    difference_words,
    distance,
    fraction,
    margin_words,
    verdict,
)
from nanodet_common.figures import data_url, drawn
from nanodet_common.files import write_bytes
from nanodet_common.html import environment

TEMPLATES = Path(__file__).parent / "templates"
MOST_DIFFERENCES = 1000
"""Rows of the table of differences; JSON has all."""


class Run(NamedTuple):
    """One evaluation: its numbers by either protocol, and its memory as (seconds, MB), nothing if not measured."""

    name: str
    coco: Metrics
    voc: Metrics
    memory: Sequence[tuple[float, float]] = ()


def write_html(path: Path, title: str, runs: Sequence[Run], **parts: Any) -> None:
    """Write the page, whole or not at all; `parts` as in `to_html`. Raises InputError if it cannot be written."""
    write_bytes(path, to_html(title, runs, **parts).encode())


def to_html(
    title: str,
    runs: Sequence[Run],
    *,
    agreement: Agreement | None = None,
    facts: Mapping[str, str] | None = None,
    pictures: Sequence[tuple[str, bytes]] = (),
) -> str:
    """The page as text.

    runs: over one data set; of two that are compared, the reference first. facts: how it was run, by label.
    pictures: (title, PNG file content).
    """
    jinja = environment(TEMPLATES)
    jinja.filters |= {
        "fraction": fraction,
        "distance": distance,
        "margin_words": margin_words,
        "difference_words": difference_words,
    }
    names = tuple(run.name for run in runs)
    return jinja.get_template("evaluation.html.j2").render(
        title=title,
        runs=runs,
        names=names,
        overall=_overall(runs),
        columns=[f"{name} {label}" for label in _class_values(runs[0], 0) for name in names],
        classes=[
            (one.name, one.objects, _side_by_side([_class_values(run, label) for run in runs]))
            for label, one in enumerate(runs[0].coco.classes)
        ],
        agreement=agreement,
        verdict=None if agreement is None else verdict(agreement),
        agreement_facts={} if agreement is None else agreement_facts(agreement, names),
        most_differences=MOST_DIFFERENCES,
        drawings=_drawings(runs, agreement),
        pictures=[(name, data_url(png)) for name, png in pictures],
        facts=facts or {},
    )


def _overall(runs: Sequence[Run]) -> list[tuple[str, list[float | None]]]:
    """Every value over all classes, by name and run."""
    coco = [(name, [run.coco.values[name] for run in runs]) for name in runs[0].coco.values]
    voc = [(f"VOC {name}", [run.voc.values[name] for run in runs]) for name in runs[0].voc.values]
    return coco + voc


def _class_values(run: Run, label: int) -> dict[str, float | None]:
    voc = {f"VOC {name}": value for name, value in run.voc.classes[label].values.items()}
    return {**run.coco.classes[label].values, **voc}


def _side_by_side(values: Sequence[Mapping[str, float | None]]) -> list[float | None]:
    """For every name the values of all runs."""
    return [one[name] for name in values[0] for one in values]


def _drawings(runs: Sequence[Run], agreement: Agreement | None) -> dict[str, dict[str, str]]:
    coco = {run.name: run.coco for run in runs}
    drawings = {"bars": drawn(curves.class_bars, coco), "curves": drawn(curves.precision_recall, coco)}
    if agreement is not None and agreement.pairs.score.size:
        drawings["distances"] = drawn(curves.distance_histograms, agreement.pairs)
        if agreement.pairs.score.any():
            drawings["scores"] = drawn(curves.score_scatter, agreement.pairs)
    if memory := {run.name: run.memory for run in runs if run.memory}:
        drawings["memory"] = drawn(curves.memory_curve, memory)
    return drawings
