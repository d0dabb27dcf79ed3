"""`jtmigrate bench`: the whole of it, from options to a result."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from jtmigrate.bench import machine
from jtmigrate.bench.measure import Plan, run_case, run_starts
from jtmigrate.bench.process import Worker
from jtmigrate.bench.protocol import Unavailable, WorkerError
from jtmigrate.bench.result import BenchResult, Case, CaseResult, Check, Table, Variant
from jtmigrate.errors import UserError
from jtmigrate.presets.bench.cost import cost_tables, limit_table
from jtmigrate.presets.bench.material import Given, write_material
from jtmigrate.presets.bench.profile import profile_tables
from jtmigrate.presets.bench.subjects import loaded
from jtmigrate.presets.bench.variants import FAMILIES, LOADERS, PROFILED, REFERENCE, taking_part
from jtmigrate.runtime.cpus import usable_cpus
from jtmigrate.runtime.preparation import has_cuda_driver
from nanodet_common.config import load_config

FACTORY = "jtmigrate.presets.bench.subjects:build"
LIMIT = 1e-5
"""How far outputs may be apart, in terms of the reference's largest value; losses, in terms of each."""
ROUND_SECONDS = 0.5
COLD_ROUNDS = 3
LOADED_IMAGES = 64
MULTIPLE = 32

Tell = Callable[[str], None]


WHAT = ("inference", "training", "data", "startup", "cost", "profile")
"""All that can be measured, in the order in which it is: latency and throughput; steps with losses and optimizer;
images/s of the data pipeline; process start to first detection, warm and with an empty kernel cache; parameters,
operations, file sizes and what the machine can do at most; time layer by layer."""


class Request(NamedTuple):
    """What is measured; fields as the options of the command line.

    voc  a folder and its sets for the data pipeline; empty for one photograph as often
    """

    config: str
    weights: Path | None
    what: tuple[str, ...]
    variants: tuple[Variant, ...]
    batches: tuple[int, ...]
    training_batches: tuple[int, ...]
    sizes: tuple[int, ...]
    threads: tuple[int, ...]
    rounds: int
    voc: tuple[str, ...] = ()


def default_threads() -> tuple[int, ...]:
    """One, and as many as there are CPUs to use."""
    return tuple(dict.fromkeys((1, usable_cpus())))


def check(request: Request) -> None:
    """Raise UserError for a request that makes no sense, before anything is measured."""
    if unknown := [name for name in request.what if name not in WHAT]:
        raise UserError(f"nothing to measure is called {unknown[0]!r}; there are {', '.join(WHAT)}")
    for size in request.sizes:
        if size % MULTIPLE:
            raise UserError(f"images of {size} pixels a side: the detector takes multiples of {MULTIPLE}")
    for count in request.threads:
        if count > (os.cpu_count() or 1):
            raise UserError(f"{count} threads on {os.cpu_count()} CPUs would measure how they wait")
    if find_spec("torch") is None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")


def run(request: Request, meta: Mapping[str, Any], tell: Tell) -> BenchResult:
    """Measure all that is asked for. Raises UserError for input that cannot be used."""
    check(request)
    if "data" in request.what and request.voc:
        loaded(load_config(request.config), LOADED_IMAGES, request.voc)
    with TemporaryDirectory() as folder:
        bench = _Bench(request, Path(folder), tell)
        cases, tables = [], []
        for what in WHAT:
            if what in request.what:
                for found in bench.measure(what):
                    (cases if isinstance(found, CaseResult) else tables).append(found)
    card = "found" if has_cuda_driver() else "none: nothing is said of device memory"
    facts = {
        "GPU": card,
        "config": request.config,
        "weights": request.weights.name if request.weights else "seeded",
    }
    return BenchResult(FAMILIES, tuple(cases), tuple(tables), {"machine": machine.describe(), **facts, **meta})


class _Bench:
    """Starts workers on the same material."""

    def __init__(self, request: Request, folder: Path, tell: Tell) -> None:
        self._request, self._folder, self._tell = request, folder, tell
        self._given = write_material(folder, request.config, request.weights, request.sizes)
        self._plan = Plan(request.rounds, ROUND_SECONDS)
        self._graphs: dict[int, str] = {}

    def measure(self, what: str) -> Iterator[CaseResult | Table]:
        """All cases or tables of that name; a table says so where a worker cannot do what it was started for."""
        try:
            yield from self._measured(what)
        except Unavailable as error:
            yield Table(what, f"not available: {error}", (), ())
        except WorkerError as error:
            yield Table(what, f"failed: {error}", (), (), failed=True)

    def _measured(self, what: str) -> Iterator[CaseResult | Table]:
        return {
            "inference": self._inference, "training": self._training, "data": self._data, "startup": self._startup,
            "cost": self._cost, "profile": self._profile,
        }[what]()  # fmt: skip

    def _inference(self) -> Iterator[CaseResult]:
        variants = taking_part(self._request.variants, "inference")
        for size in self._request.sizes:
            for threads in self._request.threads:
                for batch in self._request.batches:
                    case = Case("inference", {"size": size, "batch": batch, "threads": threads}, batch, "images")
                    yield self._run(case, variants, batch=batch, size=size, threads=threads)

    def _training(self) -> Iterator[CaseResult]:
        variants = taking_part(self._request.variants, "training")
        size = self._request.sizes[0]
        for threads in self._request.threads:
            for batch in self._request.training_batches:
                case = Case("training", {"size": size, "batch": batch, "threads": threads}, batch, "images")
                yield self._run(case, variants, batch=batch, size=size, threads=threads)

    def _data(self) -> Iterator[CaseResult]:
        size = self._request.sizes[0]
        for way in ("validation", "training"):
            case = Case("data", {"size": size, "samples": way}, LOADED_IMAGES, "images")
            yield self._run(
                case, LOADERS, batch=8, augment=way == "training", images=LOADED_IMAGES, voc=list(self._request.voc),
            )  # fmt: skip

    def _startup(self) -> Iterator[CaseResult]:
        size, threads = self._request.sizes[0], max(self._request.threads)
        for kernels, what, rounds in (("compiled", "startup", self._request.rounds), ("none", "cold", COLD_ROUNDS)):
            variants = taking_part(self._request.variants, what)
            case = Case("startup", {"size": size, "threads": threads, "kernels": kernels}, 1, "starts")
            start = self._starter("startup", size, threads=threads, size=size, cold=kernels == "none")
            yield run_starts(case, variants, start, compare, min(rounds, self._request.rounds), self._tell)

    def _cost(self) -> Iterator[Table]:
        size = self._request.sizes[0]
        self._tell("cost: count")
        with self._worker("cost", size, 1) as worker:
            counted = worker.call("count")
        yield from cost_tables(counted, size)
        limits = {}
        for threads in self._request.threads:
            self._tell(f"cost: limits of {threads} threads")
            with Worker("jtmigrate.bench.limits:Limits", {"threads": threads}, environment(threads)) as worker:
                limits[threads] = worker.call("measure")
        yield limit_table(limits, counted, size)

    def _profile(self) -> Iterator[Table]:
        size, threads = self._request.sizes[0], max(self._request.threads)
        path = self._folder / "layers.npz"
        self._tell("profile: record")
        found = {}
        for name in PROFILED:
            with self._worker("profile", size, threads, variant=name, size=size) as worker:
                if name == REFERENCE:
                    worker.call("record", path=str(path))
                self._tell(f"profile: {name}")
                found[name] = worker.call("measure", path=str(path))
        yield from profile_tables(found, size, threads)

    def _run(self, case: Case, variants: Sequence[Variant], **settings: Any) -> CaseResult:
        start = self._starter(case.what, case.settings["size"], **settings)
        return run_case(case, variants, start, compare, self._plan, self._tell)

    def _starter(self, what: str, size_of_images: int, **settings: Any) -> Callable[[Variant], Worker]:
        """What starts a variant's worker."""
        threads = settings.get("threads", 1)

        def start(variant: Variant) -> Worker:
            own = {"graph": self._graph(size_of_images)} if variant.family == "onnxruntime" else {}
            return self._worker(what, size_of_images, threads, variant=variant.name, **settings, **own)

        return start

    def _worker(self, what: str, size_of_images: int, on_threads: int, **settings: Any) -> Worker:
        given: Given = self._given[size_of_images]
        return Worker(FACTORY, {"what": what, "given": list(given), **settings}, environment(on_threads))

    def _graph(self, size: int) -> str:
        """The path of the detector as an ONNX file, exported when it is first asked for; of no file if that fails."""
        if size not in self._graphs:
            self._tell(f"export the graph for {size} pixels")
            path = self._folder / f"graph-{size}.onnx"
            given = self._given[size]
            program = [sys.executable, "-m", "nanodet_ref_torch", "export", "--config", given.config]
            subprocess.run([*program, "--weights", given.weights, "--out", str(path)], stdout=sys.stderr)
            self._graphs[size] = str(path)
        return self._graphs[size]


def environment(threads: int) -> dict[str, str]:
    """So many threads for everything in a process that looks at the environment; the same for all variants."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return dict.fromkeys(names, str(threads))


def compare(reference: Path, candidate: Path) -> Check:
    """The largest error of all arrays, each in terms of its largest value in the reference."""
    with np.load(reference) as expected, np.load(candidate) as found:
        errors = [_error(expected[name], found[name]) for name in expected]
    return Check(max(errors, key=lambda error: (np.isnan(error), error)), LIMIT)


def _error(expected: np.ndarray, found: np.ndarray) -> float:
    """NaN where either is not finite, infinity for another shape."""
    if expected.shape != found.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        difference = np.abs(found.astype(np.float64) - expected).max()
    largest = np.abs(expected).max()
    return float(difference / largest) if largest else float(difference)
