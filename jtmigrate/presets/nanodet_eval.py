"""`jtmigrate eval`: a detector over a data set, each framework in a process of its own, and how they agree."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

import numpy as np

from jtmigrate.errors import UserError
from jtmigrate.runtime.cpus import usable_cpus
from nanodet_common.command_line.data import Source, read_dataset, with_classes
from nanodet_common.config import Config
from nanodet_common.datasets.dataset import Dataset
from nanodet_common.evaluation.agreement import Agreement, compare_runs
from nanodet_common.evaluation.differences import Evidence
from nanodet_common.evaluation.outcome import (
    Difficult,
    Evaluated,
    Outcome,
    check_evaluable,
    check_places,
    evaluated,
    readable,
)
from nanodet_common.margins import Floor, noise_floor
from nanodet_common.postprocess import NANODET_LIMITS
from nanodet_common.record import Record, read_record
from nanodet_common.weights import load_weights

__all__ = ["Request", "Source", "check_places", "evaluate"]

Framework = Literal["torch", "jittor", "onnx", "both"]
ONNX_SUFFIX = ".onnx"
NAMED = 3
"""Images that a failure names."""


class Program(NamedTuple):
    """A framework's own command line: what it is called, how it is started, the package that it needs."""

    name: str
    module: str
    needs: str


TORCH = Program("PyTorch", "nanodet_ref_torch", "torch")
JITTOR = Program("Jittor", "nanodet_jittor", "jittor")
ONNX = Program("ONNX", "nanodet_common.onnx", "onnxruntime")


class Request(NamedTuple):
    """What is evaluated on what; fields as the options of the command line."""

    config: str
    weights: Path
    num_classes: int | None
    classes: str | None
    source: Source
    difficult: Difficult
    batch: int
    workers: int
    worker_timeout: float

    def arguments(self) -> list[str]:
        """The same for a framework's own command line."""
        options = {
            "--config": self.config,
            "--weights": self.weights,
            "--num-classes": self.num_classes,
            "--classes": self.classes,
            "--voc": self.source.voc,
            "--split": self.source.split,
            "--coco": self.source.coco,
            "--images": self.source.images,
            "--on-problem": self.source.on_problem,
            "--batch": self.batch,
            "--workers": self.workers,
            "--worker-timeout": self.worker_timeout,
        }
        return _flags(options)


def evaluate(framework: Framework, request: Request, *, floor_images: int, tell: Callable[[str], None]) -> Outcome:
    """Run one framework, or PyTorch and Jittor, and evaluate what they find.

    floor_images: on so many, PyTorch also runs in float64, which tells how much rounding costs it. tell: is told what
    begins. Raises UserError for unusable input, all of which is read before anything runs, and for a run that fails.
    """
    programs = {"torch": (TORCH,), "jittor": (JITTOR,), "onnx": (ONNX,), "both": (TORCH, JITTOR)}[framework]
    exported = request.weights.suffix == ONNX_SUFFIX
    if exported and framework != "onnx":
        raise UserError(f"{request.weights}: a graph without trainable weights: evaluate it with --framework onnx")
    exports = framework == "onnx" and not exported
    check_installed((*programs, TORCH) if exports else programs)
    _, dataset = model_and_data(request)
    check_evaluable(dataset, request.difficult)
    with TemporaryDirectory() as folder:
        if exports:
            request = _exported(request, Path(folder, "graph.onnx"), tell)
        run = Runner(request, Path(folder), tell)
        records = [run(one) for one in programs]
        dataset = readable(dataset, *records)
        runs = [
            evaluated(one.name, dataset, record, request.difficult)
            for one, record in zip(programs, records, strict=True)
        ]
        if len(runs) == 1:
            return Outcome(dataset, tuple(runs))
        ids = spread_out([record.image_id for record in dataset.images], floor_images)
        single, double = (run(TORCH, only=ids, dtype=dtype).raw for dtype in ("float32", "float64"))
        floor = noise_floor((single[image], double[image]) for image in ids)
        return Outcome(dataset, tuple(runs), agreement(dataset, *runs, floor))


def model_and_data(request: Request) -> tuple[Config, Dataset]:
    """The configuration, with the number and the names of the classes, and the data set. Raises UserError."""
    if request.weights.suffix == ONNX_SUFFIX:
        from nanodet_common.onnx.engine import load

        config, _ = load(request.config, request.weights, request.num_classes, "float32")
    else:
        config, _ = load_weights(request.config, request.weights, num_classes=request.num_classes)
    config = with_classes(config, request.classes)
    return config, read_dataset(request.source, config)


class Runner:
    """Runs frameworks over the data set that a request names."""

    def __init__(self, request: Request, folder: Path, tell: Callable[[str], None]) -> None:
        self._request, self._folder, self._tell = request, folder, tell

    def __call__(self, program: Program, *, only: Sequence[int] = (), dtype: str = "float32") -> Record:
        """One run, over all images, or over those with these ids, whose scores and boxes before suppression are kept.

        Raises UserError if it fails.
        """
        self._tell(f"{program.name}, {dtype}: {len(only) or 'all'} images")
        path = self._folder / "run.npz"
        arguments = [*self._request.arguments(), "--record", str(path), "--dtype", dtype]
        _start(program, "eval", [*arguments, *(["--only", ",".join(map(str, only)), "--raw"] if only else [])])
        return read_record(path)


def check_installed(programs: Sequence[Program]) -> None:
    """Raise ModuleNotFoundError for a framework that is not there: known before the first run, not after it."""
    for program in programs:
        if find_spec(program.needs) is None:
            raise ModuleNotFoundError(f"No module named {program.needs!r}", name=program.needs)


def spread_out(ids: Sequence[int], count: int) -> list[int]:
    """At most `count` of the ids, at equal distances."""
    return [ids[place] for place in np.unique(np.linspace(0, len(ids) - 1, min(count, len(ids))).astype(int))]


def agreement(dataset: Dataset, reference: Evaluated, candidate: Evaluated, floor: Floor) -> Agreement:
    """Compare two runs, whose weights and inputs have to be the same."""
    compared = compare_runs(
        dataset,
        reference.record.found,
        candidate.record.found,
        evidence=Evidence(reference.record.candidates.__getitem__, floor, NANODET_LIMITS),
        metrics=(reference.coco, candidate.coco),
    )
    return replace(compared, failures=(*_unequal_conditions(dataset, reference, candidate), *compared.failures))


def _exported(request: Request, path: Path, tell: Callable[[str], None]) -> Request:
    """The request with the weights as ONNX graph, exported from PyTorch."""
    tell("PyTorch: export the graph, check it")
    weights = {"--config": request.config, "--weights": request.weights, "--num-classes": request.num_classes}
    _start(TORCH, "export", _flags(weights | {"--classes": request.classes, "--out": path}))
    return request._replace(weights=path)


def _start(program: Program, command: str, arguments: Sequence[str]) -> None:
    """Run a framework's command to its end; what it has to say goes to stderr. Raises UserError unless it succeeds."""
    # As many threads for one as for the other; torch alone would start one for each CPU of a shared machine.
    environment = {"OMP_NUM_THREADS": str(usable_cpus())} | os.environ
    called = [sys.executable, "-m", program.module, command, *arguments]
    done = subprocess.run(called, env=environment, stdout=sys.stderr)
    if done.returncode:
        raise UserError(f"{program.name} ended with exit code {done.returncode}; its own message stands above")


def _unequal_conditions(dataset: Dataset, reference: Evaluated, candidate: Evaluated) -> list[str]:
    """In what the two runs were not given the same."""
    failures = []
    ours, theirs = (run.record.facts["weights"]["state"] for run in (reference, candidate))
    if ours != theirs:
        failures.append("The two models do not hold the same weights.")
    before, after = reference.record.inputs, candidate.record.inputs
    if differing := [one.file.name for one in dataset.images if before[one.image_id] != after[one.image_id]]:
        failures.append(f"The inputs of {len(differing)} images differ: {', '.join(differing[:NAMED])}.")
    return failures


def _flags(options: Mapping[str, object]) -> list[str]:
    """A command line of those options that have a value."""
    return [word for name, value in options.items() if value is not None for word in (name, str(value))]
