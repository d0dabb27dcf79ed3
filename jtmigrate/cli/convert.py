"""`jtmigrate convert`: a checkpoint file into another format, every tensor accounted for."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jtmigrate.errors import UserError

if TYPE_CHECKING:
    from jtmigrate.checkpoint.contents import Contents
    from jtmigrate.naming.rules.rule import Rule
    from jtmigrate.naming.schema import Schema


def command(
    src: Annotated[
        Path,
        typer.Argument(
            metavar="SRC",
            help="Checkpoint: .pth, .pt, .ckpt, .pkl, .safetensors (or their index), .npz or .onnx; or a folder.",
        ),
    ],
    dst: Annotated[
        Path,
        typer.Argument(
            metavar="DST", help="Result; its suffix says which format: .pth, .pt, .ckpt, .pkl, .safetensors or .npz."
        ),
    ],
    to: Annotated[
        str | None,
        typer.Option(metavar="SUFFIX", help="Convert every checkpoint in the folder SRC into the folder DST."),
    ] = None,
    config: Annotated[
        str | None, typer.Option(metavar="NAME", help="Check against this NanoDet-Plus configuration.")
    ] = None,
    schema: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Check against these names, shapes and dtypes.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="MODULE:FACTORY", help="Check against this model, PyTorch or Jittor.")
    ] = None,
    maps: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="RULES", help="Rename by this .toml file or these ready rules. Repeatable."),
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="Apply the --map the other way round.")] = False,
    training_state: Annotated[
        bool, typer.Option("--training-state", help="Convert optimizer, schedule, epoch and all, names as they are.")
    ] = False,
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

    Exit code 0 if done, 2 if a file is unusable or does not fit the target (nothing is written for it then).
    """
    from jtmigrate.cli.factories import file_of
    from jtmigrate.files import check_outputs
    from jtmigrate.report.conversion import check_report

    targets = [option for option, value in {"--config": config, "--model": model, "--schema": schema}.items() if value]
    if len(targets) > 1:
        raise UserError(f"{targets[0]} and {targets[1]} name two targets: give one")
    if reverse and not maps:
        raise UserError("--reverse turns a --map round: give one")
    if training_state:
        given = {"--map": maps, "--to": to, "--ema": ema, "--report": report, "--no-proof": not proof}
        _refuse_options(given | {"--schema": schema, "--config": config, "--model": model})
        _convert_training(src, dst, trust or (), dry_run=dry_run)
        return
    if (num_classes or training) and not config:
        raise UserError("--num-classes and --training describe a --config: give one, such as nanodet-plus-m_416")
    if to and config:
        raise UserError("--config describes one checkpoint, --to converts many: give one of them")
    if report:
        check_report(report)
        check_outputs([report], (src, dst, schema, *(maps or ()), file_of(model)))
    options = {"ema": ema, "dry_run": dry_run, "prove": proof, "rules": _rules(maps or [], reverse=reverse)}
    options |= _model(model) if model else {"schema": _schema(schema)}
    if to:
        _convert_tree(src, dst, to, report, {**options, "trust": trust or ()})
    else:
        with _opened(src, dst, trust or ()) as contents:
            if config:
                options |= _preset(contents, config, num_classes, options["rules"], ema=ema, training=training)
            _convert(contents, dst, report, options)


@contextmanager
def _opened(src: Path, dst: Path, trust: Collection[str]) -> Iterator["Contents"]:
    """What is in `src`, once it is known that the format of `dst` is."""
    from jtmigrate.checkpoint import container_for, open_checkpoint

    container_for(dst)
    with open_checkpoint(src, trust=trust) as contents:
        yield contents


def _convert(contents: "Contents", dst: Path, report: Path | None, options: Mapping[str, Any]) -> None:
    from rich.console import Console

    from jtmigrate.convert import convert
    from jtmigrate.report.conversion import print_conversion, write_conversion

    result = convert(contents, dst, **options)
    print_conversion(result, Console())
    if report:
        write_conversion(result, report)


def _convert_tree(src: Path, dst: Path, to: str, report: Path | None, options: Mapping[str, Any]) -> None:
    """Exits with 2 if a checkpoint was refused, once all of them had their turn."""
    from rich.console import Console

    from jtmigrate.convert_tree import convert_tree
    from jtmigrate.report.conversion_tree import print_tree, write_tree

    result = convert_tree(src, dst, to, **options)
    print_tree(result, Console())
    if report:
        write_tree(result, report)
    if not result:
        raise typer.Exit(2)


def _convert_training(src: Path, dst: Path, trust: Collection[str], *, dry_run: bool) -> None:
    from rich.console import Console

    from jtmigrate.checkpoint.tree import read_tree, write_tree
    from jtmigrate.report.training import print_training

    if src.resolve() == dst.resolve():
        raise UserError(f"{dst}: is the source too: give the result another name")
    tree = read_tree(src, trust=trust)
    write_tree(dst, tree.entries, dry_run=dry_run)
    print_training(tree, str(dst), Console(), written=not dry_run)


def _refuse_options(given: Mapping[str, object]) -> None:
    """Raise UserError if an option was given that would have no effect."""
    if useless := [option for option, value in given.items() if value]:
        raise UserError(f"--training-state keeps everything as it is: {', '.join(useless)} would have no effect")


def _rules(maps: Collection[str], *, reverse: bool) -> tuple["Rule", ...]:
    """The rules of all maps, one after the other; the other way round from the last to the first."""
    if not maps:
        return ()
    from jtmigrate.naming.rules import reverse_rules
    from jtmigrate.naming.rules.toml import find_rules

    rules = tuple(rule for name_or_path in maps for rule in find_rules(name_or_path))
    return reverse_rules(rules) if reverse else rules


def _model(spec: str) -> dict[str, Any]:
    """Arguments of `convert` for a live model. What only PyTorch counts is filled with its initial values."""
    from jtmigrate.allowances import jittor_lacks
    from jtmigrate.cli.factories import build_model
    from jtmigrate.naming.schema import TensorSpec

    model = build_model(spec)
    state = model.adapter.state(model.module)
    schema = {name: TensorSpec(array.shape, array.dtype.name) for name, array in state.items()}
    return {"schema": schema, "fill": {name: array for name, array in state.items() if jittor_lacks(name)}}


def _schema(path: Path | None) -> "Schema | None":
    from jtmigrate.naming.schema_json import read_schema

    return read_schema(path) if path else None


def _preset(
    contents: "Contents",
    config: str,
    num_classes: int | None,
    rules: Collection["Rule"],
    *,
    ema: bool,
    training: bool,
) -> dict[str, Any]:
    """Arguments of `convert` for a configuration with as many classes as the file's head has."""
    from jtmigrate.naming.made_tensor import made_leaves
    from jtmigrate.naming.prefixes import unwrap
    from jtmigrate.naming.rules import apply_rules
    from jtmigrate.naming.schema import TensorSpec
    from jtmigrate.presets import nanodet

    specs = {name: TensorSpec(leaf.shape, leaf.dtype.name) for name, leaf in contents.leaves.items()}
    name_map = apply_rules(rules, specs) if rules else unwrap(specs, ema=ema)
    shapes = {name: leaf.shape for name, leaf in made_leaves(name_map, contents.leaves).items()}
    schema = nanodet.schema(config, num_classes=num_classes, shapes=shapes, training=training)
    if not training:
        return {"schema": schema, "ignore": nanodet.TRAINING_ONLY}
    return {"schema": schema, "fill": nanodet.fill(config, num_classes=num_classes, shapes=shapes)}
