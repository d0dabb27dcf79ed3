"""What a run over a data set leaves behind, saveable, so that runs of different processes can be compared."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from jtmigrate.files import replacing
from nanodet_common.errors import InputError
from nanodet_common.postprocess import Detections

HEAD_OUTPUT = "head_output_"


@dataclass(frozen=True)
class Record:
    """One run. Mappings have an entry for every image, by id, in the order of the run.

    found          detections in pixels of the file
    inputs         hash of the network's input
    outputs        hash of the raw head output
    seconds        by part of the work
    memory_mb      resident after every batch
    head_outputs   raw head output (points, .) of those images for which it was kept
    facts          how it came about: framework, versions, files, their hashes; anything that JSON can hold
    """

    found: Mapping[int, Detections]
    inputs: Mapping[int, str]
    outputs: Mapping[int, str]
    seconds: Mapping[str, float]
    memory_mb: tuple[float, ...]
    head_outputs: Mapping[int, np.ndarray] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_record(path: Path, record: Record) -> None:
    """Write a record as .npz, whole or not at all."""
    ids, found = list(record.found), list(record.found.values())
    arrays = {
        "ids": np.array(ids, np.int64),
        "counts": np.array([len(detections.scores) for detections in found], np.int64),
        **{part: _joined(part, found) for part in Detections._fields},
        "inputs": np.array([record.inputs[image] for image in ids], np.str_),
        "outputs": np.array([record.outputs[image] for image in ids], np.str_),
        "memory_mb": np.array(record.memory_mb, np.float64),
        "facts": np.array(json.dumps({"seconds": dict(record.seconds), "facts": dict(record.facts)})),
        **{f"{HEAD_OUTPUT}{image}": output for image, output in record.head_outputs.items()},
    }
    with replacing(path) as file:
        np.savez(file, **arrays)


def read_record(path: Path) -> Record:
    """Read what `write_record` wrote. Raises InputError for anything else."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = dict(archive)
        ends = np.cumsum(arrays["counts"])
        ids = arrays["ids"].tolist()
        parts = zip(*(np.split(arrays[part], ends)[:-1] for part in Detections._fields), strict=True)
        texts = json.loads(str(arrays["facts"]))
        return Record(
            found={image: Detections(*part) for image, part in zip(ids, parts, strict=True)},
            inputs=dict(zip(ids, arrays["inputs"].tolist(), strict=True)),
            outputs=dict(zip(ids, arrays["outputs"].tolist(), strict=True)),
            seconds=texts["seconds"],
            memory_mb=tuple(arrays["memory_mb"].tolist()),
            head_outputs={
                int(name.removeprefix(HEAD_OUTPUT)): array
                for name, array in arrays.items()
                if name.startswith(HEAD_OUTPUT)
            },
            facts=texts["facts"],
        )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: not the record of a run: {error}") from error


def _joined(part: str, found: list[Detections]) -> np.ndarray:
    empty = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))
    return np.concatenate([getattr(detections, part) for detections in (*found, empty)])
