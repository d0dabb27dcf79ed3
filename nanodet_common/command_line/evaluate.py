"""`eval`: how well a detector finds what is annotated."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jtmigrate.cli import eval_options as options

if TYPE_CHECKING:
    from nanodet_common.command_line.application import Backend
    from nanodet_common.config import Config
    from nanodet_common.datasets.dataset import Dataset
    from nanodet_common.engine import Engine
    from nanodet_common.record import Record


def command(
    context: typer.Context,
    weights: options.Weights,
    config: options.Config = options.DEFAULT_CONFIG,
    num_classes: options.NumClasses = None,
    classes: options.Classes = None,
    voc: options.Voc = None,
    split: options.Split = "test",
    coco: options.Coco = None,
    images: options.Images = None,
    on_problem: options.Problems = options.OnProblem.SKIP,
    difficult: options.DifficultObjects = options.Difficult.NORMAL,
    batch: options.Batch = options.BATCH,
    workers: options.Workers = options.WORKERS,
    worker_timeout: options.WorkerTimeout = options.WORKER_TIMEOUT,
    dtype: options.DType = options.Precision.FLOAT32,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Write the detections here, as COCO's tools read them.")
    ] = None,
    json: options.Json = None,
    html: options.Html = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE.npz", help="Write the run here, to be compared with others, and evaluate nothing."),
    ] = None,
    only: Annotated[str | None, typer.Option(metavar="ID,...", help="Only the images with these ids.")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="With --record: scores and boxes before suppression too.")] = False,
) -> None:
    """Run the detector over a data set and evaluate what it finds: COCO's mAP and, with --voc, VOC's too.

    Exit code 0 when done, 2 if the input is unusable.
    """
    from dataclasses import replace

    from jtmigrate.cli.pairs import refuse
    from jtmigrate.files import check_writable
    from nanodet_common.command_line import data
    from nanodet_common.command_line.together import told_once
    from nanodet_common.datasets.problems import Problems
    from nanodet_common.evaluation.outcome import Outcome, check_evaluable, check_places, evaluated, readable
    from nanodet_common.evaluation.results import write_results
    from nanodet_common.record import write_record

    if record:
        refuse("--record", {"--out": out, "--json": json, "--html": html})
    else:
        refuse("no --record", {"--raw": raw})
    check_places(json, html)
    for path in filter(None, (out, record)):
        check_writable(path)
    backend = context.obj()
    found_config, engine = backend.load(config, weights, num_classes, dtype.value)
    found_config = data.with_classes(found_config, classes)
    dataset = data.read_dataset(data.Source(voc, split, coco, images, on_problem.value), found_config)
    if only:
        dataset = data.only(dataset, only)
    if not record:
        check_evaluable(dataset, difficult.value)
    reading = {"workers": workers, "patience": worker_timeout, "problems": Problems(on_problem.value)}
    keep = {"keep_candidates": record is not None, "keep_raw": raw}
    with told_once(backend.processes):
        run = _infer(backend, engine, found_config, dataset, batch, reading, keep)
    if backend.processes.rank:
        return
    run = replace(run, facts=_facts(backend.program, engine, weights, config, dtype.value, batch, workers))
    if record:
        write_record(record, run)
        return
    dataset = readable(dataset, run)
    if out:
        write_results(out, dataset, run.found)
    Outcome(dataset, (evaluated(backend.name, dataset, run, difficult.value),)).report(json, html)


def _infer(
    backend: "Backend",
    engine: "Engine",
    config: "Config",
    dataset: "Dataset",
    batch: int,
    reading: dict[str, Any],
    keep: dict[str, bool],
) -> "Record":
    """The run of all processes; the progress that is shown is that of this one.

    reading: how the loader reads pictures; keep: what of the run is kept.
    """
    from dataclasses import replace

    from nanodet_common.command_line.progress import counting
    from nanodet_common.inference import infer
    from nanodet_common.loader.loader import Loader
    from nanodet_common.sharing import own_share, shared_run

    order = {"seed": 0, "augment": False, "shuffle": False, "drop_last": False}
    own = own_share(dataset, batch, backend.processes)

    def run() -> "Record":
        loader = Loader(own, config.data.val, batch_size=batch, **order, **reading)
        with loader, counting(backend.name, len(own)) as progress:
            record = infer(engine, loader.epoch(0), config, batch_size=batch, progress=progress, **keep)
        return replace(record, problems=reading["problems"].found)

    return shared_run(dataset, backend.processes, run)


def _facts(
    program: str, engine: "Engine", weights: Path, config: str, dtype: str, batch: int, workers: int
) -> dict[str, Any]:
    """How a run came about."""
    import numpy as np

    from jtmigrate.allowances import jittor_lacks
    from jtmigrate.facts import provenance, weights_digest
    from jtmigrate.files import sha256_of

    state = {name: array for name, array in engine.state().items() if not jittor_lacks(name)}
    return {
        "program": program,
        "versions": {**engine.versions(), "numpy": np.__version__},
        "config": config,
        "weights": {"file": str(weights), "sha256": sha256_of(weights), "state": state and weights_digest(state)},
        "dtype": dtype,
        "batch": batch,
        "workers": workers,
        **provenance(f"python -m {program}"),
    }
