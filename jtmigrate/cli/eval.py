"""`jtmigrate eval`: what both frameworks find in a data set, and whether it is the same."""

from enum import Enum
from typing import Annotated

import typer

from jtmigrate.cli import eval_options as options


class Framework(str, Enum):
    """Whose detector is run."""

    TORCH = "torch"
    JITTOR = "jittor"
    ONNX = "onnx"
    BOTH = "both"


def command(
    weights: options.Weights,
    framework: Annotated[Framework, typer.Option(help="Whose detector to run; both: compare them.")] = Framework.BOTH,
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
    floor_images: Annotated[
        int, typer.Option(min=1, help="Images on which PyTorch runs in float64 too, to tell rounding from faults.")
    ] = 16,
    json: options.Json = None,
    html: options.Html = None,
) -> None:
    """Evaluate NanoDet-Plus on a data set; with --framework both, compare all detections image by image.

    Exit code 0 if done (both: if they agree), 1 if they do not agree, 2 if the input is unusable.
    """
    from jtmigrate.files import check_outputs
    from jtmigrate.presets import nanodet_eval

    check_outputs((json, html), (weights, coco, config, classes))
    nanodet_eval.check_places(json, html)
    source = nanodet_eval.Source(voc, split, coco, images, on_problem.value)
    request = nanodet_eval.Request(
        config, weights, num_classes, classes, source, difficult.value, batch, workers, worker_timeout
    )
    outcome = nanodet_eval.evaluate(
        framework.value, request, floor_images=floor_images, tell=lambda line: typer.echo(line, err=True)
    )
    outcome.report(json, html)
    raise typer.Exit(0 if outcome else 1)
