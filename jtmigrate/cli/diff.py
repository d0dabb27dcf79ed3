"""`jtmigrate diff`: does the port compute what the original does, and if not, which layer is at fault?"""

from enum import Enum
from typing import Annotated

import typer

from jtmigrate.cli import options
from jtmigrate.cli.pairs import any_pair, nanodet_pair, refuse
from jtmigrate.errors import UserError


class Mode(str, Enum):
    """In which situations layers are compared in float32."""

    ISOLATED = "isolated"
    PROPAGATED = "propagated"
    BOTH = "both"


def command(
    image: options.Image = None,
    config: options.Config = None,
    weights: options.Weights = None,
    num_classes: options.NumClasses = None,
    torch: options.Torch = None,
    jittor: options.Jittor = None,
    inputs: options.Inputs = None,
    copy_weights: options.CopyWeights = False,
    names: options.Map = None,
    mode: Annotated[Mode, typer.Option(help="Every layer alone, the whole model, or both.")] = Mode.BOTH,
    dtype: options.DType = options.Precision.BOTH,
    backward: Annotated[
        bool, typer.Option("--backward", help="Compare gradients too; NanoDet-Plus then runs in training mode.")
    ] = False,
    steps: Annotated[int, typer.Option(min=0, help="Compare so many training steps too.")] = 0,
    loss_torch: Annotated[
        str | None, typer.Option(metavar="MODULE:FUNCTION", help="(model, output) -> loss; else a fixed weighting.")
    ] = None,
    loss_jittor: Annotated[str | None, typer.Option(metavar="MODULE:FUNCTION", help="The same for the port.")] = None,
    train_torch: Annotated[
        str | None, typer.Option(metavar="MODULE:FACTORY", help="Returns a jtmigrate Training; for --steps.")
    ] = None,
    train_jittor: Annotated[str | None, typer.Option(metavar="MODULE:FACTORY", help="The same for the port.")] = None,
    tolerance: options.Tolerance = None,
    exceptions: options.Exceptions = None,
    allow_nonfinite: options.AllowNonfinite = False,
    show_all: options.ShowAll = False,
    json: options.Json = None,
    html: options.Html = None,
    junit: options.JUnit = None,
    baseline: options.Baseline = None,
    write_baseline: options.WriteBaseline = None,
    repro: options.Repro = None,
    evidence: options.Evidence = None,
) -> None:
    """Run two models on the same input and compare every layer; name the first one at fault.

    Either NanoDet-Plus with --image, or any two models with --torch, --jittor and --input.

    Exit code 0 if aligned, 1 if not, 2 if the input is unusable.
    """
    from rich.console import Console

    from jtmigrate.cli.factories import file_of
    from jtmigrate.cli.files import read_exceptions
    from jtmigrate.cli.progress import stages
    from jtmigrate.cli.results import Outputs, tolerances
    from jtmigrate.diff import Plan, diff_pair
    from jtmigrate.facts import provenance
    from jtmigrate.repro import write_repro

    outputs = Outputs(json, html, junit, baseline, write_baseline, repro, evidence, show_all)
    specs = (torch, jittor, loss_torch, loss_jittor, train_torch, train_jittor)
    outputs.check((image, weights, inputs, names, exceptions, config, *map(file_of, specs)))
    plan = Plan(
        mode=mode.value,
        precision=dtype.value,
        tolerances=tolerances(tolerance),
        allow_nonfinite=allow_nonfinite,
        copy_weights=copy_weights,
        backward=backward,
        steps=steps,
    )
    listed = read_exceptions(exceptions) if exceptions else ()
    own = {"--torch": torch, "--jittor": jittor, "--input": inputs, "--copy-weights": copy_weights, "--map": names}
    own |= {"--loss-torch": loss_torch, "--loss-jittor": loss_jittor}
    own |= {"--train-torch": train_torch, "--train-jittor": train_jittor}
    if image:
        refuse("--image", own)
        pair, sources = nanodet_pair(image, config, weights, num_classes, training=backward or steps > 0)
    else:
        refuse("no --image", {"--config": config, "--weights": weights, "--num-classes": num_classes})
        if not (backward or steps):
            refuse("no --backward", {"--loss-torch": loss_torch, "--loss-jittor": loss_jittor})
        if bool(steps) != bool(train_torch and train_jittor):
            raise UserError("--steps needs --train-torch M:F and --train-jittor M:F, and they need --steps")
        pair, sources = any_pair(own)
    runs = []

    def keep(result, reference, candidate) -> None:
        if repro and reference.trace32:
            runs.append((reference.trace32, candidate.trace, sources, candidate.matching))

    with stages(Console(stderr=True)) as progress:
        result = diff_pair(pair, plan, exceptions=listed, progress=progress, meta=provenance("jtmigrate"), look=keep)
    code = outputs.finish(result)
    for run in runs:  # after the result, which is not to be lost where this cannot be written
        typer.echo(write_repro(repro, result, *run))
    raise typer.Exit(code)
