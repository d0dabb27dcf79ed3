"""`jtmigrate diff`: does the port compute what the original does, and if not, which layer is at fault?"""

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jtmigrate.errors import UserError

if TYPE_CHECKING:
    from jtmigrate.diff import ModelPair


class Mode(str, Enum):
    """In which situations layers are compared in float32."""

    ISOLATED = "isolated"
    PROPAGATED = "propagated"
    BOTH = "both"


class Precision(str, Enum):
    """In which precisions the models are run."""

    FLOAT32 = "float32"
    FLOAT64 = "float64"
    BOTH = "both"


def command(
    image: Annotated[Path | None, typer.Option(metavar="FILE", help="NanoDet-Plus: the image to run on.")] = None,
    config: Annotated[
        str | None, typer.Option(metavar="NAME", help="NanoDet-Plus: configuration or YAML file.")
    ] = None,
    weights: Annotated[Path | None, typer.Option(metavar="FILE", help="NanoDet-Plus: checkpoint; else seeded.")] = None,
    num_classes: Annotated[int | None, typer.Option(min=1, help="NanoDet-Plus: classes, without --weights.")] = None,
    torch: Annotated[str | None, typer.Option(metavar="MODULE:FACTORY", help="Any PyTorch model.")] = None,
    jittor: Annotated[str | None, typer.Option(metavar="MODULE:FACTORY", help="Its port.")] = None,
    inputs: Annotated[Path | None, typer.Option("--input", metavar="FILE.npz", help="What both are given.")] = None,
    copy_weights: Annotated[
        bool, typer.Option("--copy-weights", help="Load the PyTorch model's parameters into the port first.")
    ] = False,
    mode: Annotated[Mode, typer.Option(help="Every layer alone, the whole model, or both.")] = Mode.BOTH,
    dtype: Annotated[Precision, typer.Option(help="float64 tells a wrong layer from rounding.")] = Precision.BOTH,
    tolerance: Annotated[
        float | None, typer.Option(min=0.0, help="Error in float32 that is aligned, in terms of a tensor's maximum.")
    ] = None,
    exceptions: Annotated[
        Path | None, typer.Option("--except", metavar="FILE", help="Lines of PATH REASON: may stay uncompared.")
    ] = None,
    allow_nonfinite: Annotated[
        bool, typer.Option("--allow-nonfinite", help="NaN or infinity on both sides does not fail the run.")
    ] = False,
    show_all: Annotated[bool, typer.Option("--all", help="Print every layer, not only the notable ones.")] = False,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the whole result here.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page to look at here.")] = None,
) -> None:
    """Run two models on the same input and compare every layer; name the first one at fault.

    Either NanoDet-Plus with --image, or any two models with --torch, --jittor and --input.

    Exit code 0 if aligned, 1 if not, 2 if the input is unusable.
    """
    from rich.console import Console

    from jtmigrate.cli.files import read_exceptions
    from jtmigrate.cli.progress import provenance, stages
    from jtmigrate.compare.result import Tolerances
    from jtmigrate.diff import Plan, diff_pair
    from jtmigrate.files import check_writable
    from jtmigrate.report.console import print_diff
    from jtmigrate.report.json_report import write_json

    if json:
        check_writable(json)
    if html:
        from jtmigrate.report.html import write_html

        check_writable(html)
    plan = Plan(
        mode=mode.value,
        precision=dtype.value,
        tolerances=Tolerances() if tolerance is None else Tolerances(float32=tolerance),
        allow_nonfinite=allow_nonfinite,
        copy_weights=copy_weights,
    )
    listed = read_exceptions(exceptions) if exceptions else ()
    if image:
        _refuse("--image", {"--torch": torch, "--jittor": jittor, "--input": inputs, "--copy-weights": copy_weights})
        pair = _nanodet(image, config, weights, num_classes)
    else:
        _refuse("no --image", {"--config": config, "--weights": weights, "--num-classes": num_classes})
        pair = _any_two(torch, jittor, inputs)
    with stages(Console(stderr=True)) as progress:
        result = diff_pair(pair, plan, exceptions=listed, progress=progress, meta=provenance("jtmigrate"))
    print_diff(result, Console(), show="all" if show_all else "notable")
    if json:
        write_json(result, json)
    if html:
        write_html(result, html)
    raise typer.Exit(0 if result else 1)


def _nanodet(image: Path, config: str | None, weights: Path | None, num_classes: int | None) -> "ModelPair":
    from jtmigrate.presets import nanodet

    return nanodet.pair(config=config, weights=weights, image=image, num_classes=num_classes)


def _any_two(torch: str | None, jittor: str | None, inputs: Path | None) -> "ModelPair":
    from jtmigrate.cli.factories import build, check_factory
    from jtmigrate.cli.files import read_inputs
    from jtmigrate.diff import ModelPair

    if not (torch and jittor and inputs):
        raise UserError("nothing to compare: give --image IMG, or --torch M:F --jittor M:F --input FILE.npz")
    check_factory(torch)
    check_factory(jittor)
    return ModelPair(
        build_torch=lambda: build(torch),
        build_jittor=lambda: build(jittor),
        inputs=read_inputs(inputs),
        title=f"{torch} against {jittor}",
    )


def _refuse(given: str, others: dict[str, object]) -> None:
    """Raise UserError if an option was given that would have no effect."""
    if useless := [option for option, value in others.items() if value]:
        raise UserError(f"{', '.join(useless)} means nothing with {given}: see jtmigrate diff --help")
