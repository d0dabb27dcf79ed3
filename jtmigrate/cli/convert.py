"""`jtmigrate convert`: a checkpoint file into another format, every tensor accounted for."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jtmigrate.errors import UserError

if TYPE_CHECKING:
    from jtmigrate.checkpoint.contents import Contents


def command(
    src: Annotated[
        Path, typer.Argument(metavar="SRC", help="Checkpoint: .pth, .pt, .ckpt, .pkl, .safetensors or .npz.")
    ],
    dst: Annotated[Path, typer.Argument(metavar="DST", help="Result; its suffix says which of these formats.")],
    config: Annotated[
        str | None, typer.Option(metavar="NAME", help="Check against this NanoDet-Plus configuration.")
    ] = None,
    schema: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Check against these names, shapes and dtypes.")
    ] = None,
    num_classes: Annotated[
        int | None, typer.Option(min=1, help="With --config: refuse a file with another number of classes.")
    ] = None,
    training: Annotated[
        bool, typer.Option("--training", help="With --config: the training model, auxiliary branch included.")
    ] = False,
    ema: Annotated[bool, typer.Option("--ema", help="Take the averaged copy of the weights (avg_model.*).")] = False,
    trust: Annotated[
        list[str] | None,
        typer.Option(metavar="MODULE.NAME", help="Import this class or function of the file and run it. Repeatable."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and print, but do not write DST.")] = False,
    proof: Annotated[
        bool, typer.Option("--proof/--no-proof", help="Read back what was written, compare it, hash the files.")
    ] = True,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the fate of every tensor to this .json or .md file.")
    ] = None,
) -> None:
    """Convert a checkpoint into another format; every tensor is checked, written and read back. Nothing is executed.

    Exit code 0 if done, 2 if a file is unusable or does not fit the target (nothing is written then).
    """
    from rich.console import Console

    from jtmigrate.checkpoint import container_for, open_checkpoint
    from jtmigrate.convert import convert
    from jtmigrate.report.conversion import check_report, print_conversion, write_conversion

    if schema and config:
        raise UserError("--config and --schema name two targets: give one")
    if (num_classes or training) and not config:
        raise UserError("--num-classes and --training describe a --config: give one, such as nanodet-plus-m_416")
    container_for(dst)
    if report:
        check_report(report)
    with open_checkpoint(src, trust=trust or ()) as contents:
        target = _target(contents, schema, config, num_classes, ema=ema, training=training)
        result = convert(contents, dst, ema=ema, dry_run=dry_run, prove=proof, **target)
    print_conversion(result, Console())
    if report:
        write_conversion(result, report)


def _target(
    contents: "Contents", schema: Path | None, config: str | None, num_classes: int | None, *, ema: bool, training: bool
) -> dict[str, Any]:
    """Arguments of `convert` that describe the target."""
    from jtmigrate.naming.prefixes import unwrap
    from jtmigrate.naming.schema_json import read_schema

    if schema:
        return {"schema": read_schema(schema)}
    if not config:
        return {}
    tensors = unwrap(contents.leaves, ema=ema).apply(contents.leaves)
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    return _preset(config, num_classes, shapes, training=training)


def _preset(
    config: str, num_classes: int | None, shapes: Mapping[str, tuple[int, ...]], *, training: bool
) -> dict[str, Any]:
    """Arguments of `convert` for a configuration with as many classes as the file's head has."""
    from jtmigrate.presets import nanodet

    schema = nanodet.schema(config, num_classes=num_classes, shapes=shapes, training=training)
    if not training:
        return {"schema": schema, "ignore": nanodet.TRAINING_ONLY}
    return {"schema": schema, "fill": nanodet.fill(config, num_classes=num_classes, shapes=shapes)}
