"""`train`: a detector learns a data set."""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jtmigrate.cli import eval_options as options

if TYPE_CHECKING:
    from nanodet_common.config import Config
    from nanodet_common.training.run_folder import RunFolder

DIVERGED, INTERRUPTED = 1, 130


class Load(str, Enum):
    """What is taken from a file of weights."""

    FULL = "full"
    TRANSFER = "transfer"
    BACKBONE = "backbone"


def command(
    context: typer.Context,
    config: options.Config = options.DEFAULT_CONFIG,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Checkpoint to start from; without it, everything is fresh.")
    ] = None,
    load: Annotated[
        Load, typer.Option(help="Of --weights: all, all but the last layer of each head level, or the backbone alone.")
    ] = Load.FULL,
    voc: options.Voc = None,
    train: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SET",
            help="Sets of --voc, or of the configuration's folder, to train on: 2007:trainval. Repeatable.",
        ),
    ] = None,
    val: Annotated[
        list[str] | None, typer.Option(metavar="SET", help="Sets of --voc to validate with. Repeatable.")
    ] = None,
    coco: options.Coco = None,
    images: options.Images = None,
    val_coco: Annotated[
        Path | None, typer.Option(metavar="ANN.json", help="COCO annotations to validate with; with --val-images.")
    ] = None,
    val_images: Annotated[Path | None, typer.Option(metavar="DIR", help="The pictures of --val-coco.")] = None,
    classes: options.Classes = None,
    on_problem: options.Problems = options.OnProblem.SKIP,
    holdout: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Validate with this share of the training set (0.1); 0: never."),
    ] = None,
    overfit: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Train on, and validate with, the first N images with objects."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the run, instead of the configuration's save_dir.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in --out, whichever framework's.")
    ] = False,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs; a cosine as long as the training follows.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Images a batch.")] = None,
    accumulate: Annotated[int | None, typer.Option(min=1, help="Batches whose mean gradient makes one step.")] = None,
    lr: Annotated[float | None, typer.Option(min=0, help="Initial learning rate.")] = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Processes that prepare images; 0: none.")] = None,
    worker_timeout: options.WorkerTimeout = options.WORKER_TIMEOUT,
    seed: Annotated[int, typer.Option(min=0, help="Of fresh weights, the images' order and their augmentation.")] = 0,
    max_steps: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many steps with exit code 0; --resume goes on.")
    ] = None,
    checkpoint_every: Annotated[
        int | None,
        typer.Option(min=1, metavar="STEPS", help="Steps between two checkpoints (200); one ends each epoch as well."),
    ] = None,
) -> None:
    """Train a detector, validate it, and keep the last and the best of its averaged weights.

    Ctrl-C finishes the step and saves; --resume goes on, bit for bit as if nothing had happened. Exit code 0 when
    done, 1 if the loss diverged, 2 if the input is unusable, 130 when interrupted.
    """
    from contextlib import ExitStack, closing

    from nanodet_common.command_line.together import told_once
    from nanodet_common.command_line.train_data import Choice, read_sets
    from nanodet_common.config import load_config
    from nanodet_common.datasets.summary import summary
    from nanodet_common.errors import InputError
    from nanodet_common.training.console import ConsoleMonitor
    from nanodet_common.training.divergence import Diverged
    from nanodet_common.training.events import EventFile
    from nanodet_common.training.loop import End
    from nanodet_common.training.monitor import JsonLines
    from nanodet_common.training.prepare import Prepared, Wanted, prepare, session
    from nanodet_common.training.processes import in_agreement
    from nanodet_common.training.resume import check_start
    from nanodet_common.training.run_folder import RunFolder

    backend = context.obj()
    processes = backend.processes
    first = processes.rank == 0

    def prepared_run() -> tuple[Prepared, Wanted]:
        loaded = load_config(config)
        if loaded.schedule.resume:
            raise InputError(f"{config}: schedule.resume is set; leave it out, and go on with a run by --resume")
        folder = RunFolder(out or _folder(loaded, config))
        _check_folder(folder, resume=resume)
        if weights and folder.checkpoints():
            check_start(folder.sessions(), weights, load.value, folder.path)
        changes = {
            "schedule.total_epochs": epochs, "schedule.accumulate": accumulate, "schedule.optimizer.lr": lr,
            "device.batchsize_per_gpu": batch, "device.workers_per_gpu": workers,
        }  # fmt: skip
        changed = _changed(loaded, {name: value for name, value in changes.items() if value is not None})
        sets = read_sets(
            changed,
            Choice(
                voc, train or (), val or (), coco, images, val_coco, val_images,
                classes, holdout, overfit, on_problem.value,
            ),
        )  # fmt: skip
        start = weights or (Path(loaded.schedule.load_model) if loaded.schedule.load_model else None)
        if load is not Load.FULL and not start:
            raise InputError(f"--load {load.value} takes weights out of a file: name it with --weights")
        reading = {"on_problem": on_problem.value, "patience": worker_timeout}
        wanted = Wanted(sets.config, sets.train, sets.val, seed, start, load.value, **reading)
        return prepare(backend.trainer, folder, wanted, processes), wanted

    with told_once(processes), ExitStack() as stack:
        prepared, wanted = in_agreement(processes, prepared_run)
        run = prepared.training
        run.max_steps, run.checkpoint_every = max_steps, checkpoint_every or run.checkpoint_every

        def begin() -> None:
            folder, step = run.folder, run.position.step
            stack.enter_context(folder.taken())
            facts = session(prepared, wanted, f"python -m {backend.program}")
            typer.echo(f"training set:\n{summary(wanted.train)}")
            typer.echo(f"{prepared.found[0]}: going on after step {step}" if prepared.found else facts["start"])
            folder.write_config(wanted.config.to_yaml())
            folder.add_session(facts)
            log = stack.enter_context(closing(JsonLines(folder.log, step=step)))
            log.start({**facts, "config": config})
            events = stack.enter_context(closing(EventFile(folder.events, step=step)))
            run.monitors = [log, events, stack.enter_context(closing(ConsoleMonitor.of(run)))]

        in_agreement(processes, begin if first else lambda: None)
        try:
            end = run.run()
        except Diverged as error:
            if first:
                typer.echo(f"error: {error}", err=True)
            processes.gather(None)  # Whoever ends first ends the others: after all is said.
            raise typer.Exit(DIVERGED) from error
    if first and end is not End.FINISHED:
        typer.echo(f"{end.value} after step {run.position.step}; --resume goes on from there", err=True)
    processes.gather(None)
    if end is End.INTERRUPTED:
        raise typer.Exit(INTERRUPTED)


def _folder(config: "Config", name: str) -> Path:
    """Where the run lives if no option says so: the configuration's `save_dir`, or where it has none, runs/NAME."""
    return Path(config.save_dir) if config.save_dir != "./" else Path("runs") / Path(name).stem


def _check_folder(folder: "RunFolder", *, resume: bool) -> None:
    """Raise InputError for a run that would be overwritten, and where there is none to go on with."""
    from nanodet_common.errors import InputError

    if resume and not folder.is_begun():
        raise InputError(f"{folder.path} holds no run to go on with: leave out --resume, or check --out")
    if not resume and folder.is_begun():
        raise InputError(f"{folder.path} holds a run: go on with it (--resume), or give another --out")
    if not resume and folder.is_used():
        raise InputError(f"{folder.path} holds files that a run would overwrite: give another --out")


def _changed(config: "Config", changes: Mapping[str, Any]) -> "Config":
    """The configuration with other values under dotted names, checked like a file.

    A cosine that is as long as the training stays so. Raises InputError for a value that is not accepted.
    """
    import yaml

    from nanodet_common.config import parse_config

    tree = yaml.safe_load(config.to_yaml())
    schedule = tree["schedule"]
    if schedule["lr_schedule"].get("T_max") == schedule["total_epochs"]:
        changes = {
            "schedule.lr_schedule.T_max": changes.get("schedule.total_epochs", schedule["total_epochs"]),
            **changes,
        }
    for name, value in changes.items():
        *sections, key = name.split(".")
        place = tree
        for section in sections:
            place = place[section]
        place[key] = value
    return parse_config(yaml.safe_dump(tree), "the options")
