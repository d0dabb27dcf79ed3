"""What a run over a data set leaves behind, saveable, so that runs of different processes can be compared."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nanodet_common.datasets.dataset import Problem
from nanodet_common.errors import InputError
from nanodet_common.files import write_bytes
from nanodet_common.margins import Candidates
from nanodet_common.postprocess import Detections

RAW_SCORES, RAW_BOXES = "raw_scores_", "raw_boxes_"
"""Beginning of the names under which `Record.raw` of an image stands in the file; its id follows."""
Packable = Detections | Candidates


@dataclass(frozen=True)
class Record:
    """One run. Mappings have an entry for every image that was readable, by id, in the order of the run.

    found          detections in pixels of the file
    inputs         hash of the network's input
    outputs        hash of the raw head output
    seconds        by part of the work
    memory         (seconds since the start, resident MB) after every batch
    candidates     what post-processing decided about; empty where nobody asked for it
    raw            scores (points, classes) and boxes (points, 4) in input pixels, before suppression; as `candidates`
    facts          how it came about: framework, versions, files, their hashes; anything that JSON can hold
    problems       images that could not be read
    """

    found: Mapping[int, Detections]
    inputs: Mapping[int, str]
    outputs: Mapping[int, str]
    seconds: Mapping[str, float]
    memory: tuple[tuple[float, float], ...]
    candidates: Mapping[int, Candidates] = field(default_factory=dict)
    raw: Mapping[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def write_record(path: Path, record: Record) -> None:
    """Write a record as .npz, whole or not at all. Raises InputError if it cannot be written."""
    ids = list(record.found)
    arrays = {
        "ids": np.array(ids, np.int64),
        **_packed("found", list(record.found.values())),
        **_packed("candidates", list(record.candidates.values())),
        "inputs": np.array([record.inputs[image] for image in ids], np.str_),
        "outputs": np.array([record.outputs[image] for image in ids], np.str_),
        "memory": np.array(record.memory, np.float64).reshape(-1, 2),
        "facts": np.array(
            json.dumps(
                {
                    "seconds": dict(record.seconds),
                    "facts": dict(record.facts),
                    "problems": [(one.kind, str(one.source), one.reason) for one in record.problems],
                }
            )
        ),
        **{f"{RAW_SCORES}{image}": scores for image, (scores, _) in record.raw.items()},
        **{f"{RAW_BOXES}{image}": boxes for image, (_, boxes) in record.raw.items()},
    }
    content = io.BytesIO()
    np.savez(content, **arrays)
    write_bytes(path, content.getvalue())


def read_record(path: Path) -> Record:
    """Read what `write_record` wrote. Raises InputError for anything else."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = dict(archive)
        ids = arrays["ids"].tolist()
        candidates = _unpacked("candidates", Candidates, arrays)
        texts = json.loads(str(arrays["facts"]))
        return Record(
            found=dict(zip(ids, _unpacked("found", Detections, arrays), strict=True)),
            inputs=dict(zip(ids, arrays["inputs"].tolist(), strict=True)),
            outputs=dict(zip(ids, arrays["outputs"].tolist(), strict=True)),
            seconds=texts["seconds"],
            memory=tuple(map(tuple, arrays["memory"].tolist())),
            candidates=dict(zip(ids, candidates, strict=True)) if candidates else {},
            raw={
                image: (arrays[f"{RAW_SCORES}{image}"], arrays[f"{RAW_BOXES}{image}"])
                for image in ids
                if f"{RAW_SCORES}{image}" in arrays
            },
            facts=texts["facts"],
            problems=tuple(Problem(kind, Path(source), reason) for kind, source, reason in texts["problems"]),
        )
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: not the record of a run: {error}") from error


def _packed(name: str, images: list[Packable]) -> dict[str, np.ndarray]:
    """Tuples of arrays, one tuple an image, joined field by field, and how many entries each image has."""
    if not images:
        return {}
    joined = {f"{name}.{part}": np.concatenate([getattr(one, part) for one in images]) for part in images[0]._fields}
    return {**joined, f"{name}.counts": np.array([len(one.scores) for one in images], np.int64)}


def _unpacked(name: str, kind: type[Packable], arrays: Mapping[str, np.ndarray]) -> list[Packable]:
    if f"{name}.counts" not in arrays:
        return []
    ends = np.cumsum(arrays[f"{name}.counts"])
    parts = (np.split(arrays[f"{name}.{part}"], ends)[:-1] for part in kind._fields)
    return [kind(*one) for one in zip(*parts, strict=True)]
