"""`jtmigrate bench`: how fast both frameworks are on this machine, side by side."""

from pathlib import Path
from typing import Annotated

import typer

from jtmigrate.errors import UserError

CONFIG = "nanodet-plus-m_320"
WIDTH = 150


def numbers(option: str, text: str) -> tuple[int, ...]:
    """`8,16` as whole numbers of at least 1, without repetitions. Raises UserError for other text."""
    found = words(text)
    if not found or not all(word.isdecimal() and int(word) for word in found):
        raise UserError(f"{option} is {text!r}; expected whole numbers above zero, such as 1,8")
    return tuple(map(int, found))


def command(
    config: Annotated[str, typer.Option(metavar="NAME", help="Configuration by name, or a YAML file.")] = CONFIG,
    weights: Annotated[Path | None, typer.Option(metavar="FILE", help="Checkpoint; else seeded values.")] = None,
    what: Annotated[
        str,
        typer.Option(metavar="A,B", help="Of inference, training, data, startup, cost, profile; leave out for all."),
    ] = "",
    variants: Annotated[
        str,
        typer.Option(
            metavar="A,B",
            help="Of torch, torch-best, torch-compiled, jittor, jittor-best, onnxruntime; leave out for all.",
        ),
    ] = "",
    batch: Annotated[str, typer.Option(metavar="N,M", help="Batch sizes of inference.")] = "1,8,32",
    training_batch: Annotated[str, typer.Option(metavar="N,M", help="Batch sizes of training.")] = "8,16",
    size: Annotated[
        str, typer.Option(metavar="N,M", help="Sides of the images in pixels; all but inference takes the first.")
    ] = "320,416",
    threads: Annotated[
        str, typer.Option(metavar="N,M", help="Threads of every framework; else 1 and the usable CPUs.")
    ] = "",
    rounds: Annotated[int, typer.Option(min=1, help="How often all variants are asked in turn.")] = 9,
    voc: Annotated[
        Path | None, typer.Option(metavar="DIR", help="VOC data for the data pipeline; else one photograph as often.")
    ] = None,
    split: Annotated[str, typer.Option(metavar="SET,...", help="Sets of --voc.")] = "2007:test",
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the whole result here.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write result.json, README.md and pictures here.")
    ] = None,
) -> None:
    """Measure NanoDet-Plus in PyTorch, Jittor and onnxruntime: interleaved, equal outputs checked before a time counts.

    Exit code 0 when measured, 1 if a variant computed something else or failed, 2 if the input is unusable.
    """
    from rich.console import Console

    from jtmigrate.bench.console import print_result
    from jtmigrate.bench.document import to_json
    from jtmigrate.cli.progress import stages
    from jtmigrate.facts import provenance
    from jtmigrate.files import check_outputs, write_text
    from jtmigrate.presets.bench.report import write_report
    from jtmigrate.presets.bench.run import WHAT, Request, check, default_threads, run
    from jtmigrate.presets.bench.variants import chosen

    check_outputs((json, out and out / "result.json"), (weights, config))
    request = Request(
        config=config,
        weights=weights,
        what=words(what) or WHAT,
        variants=chosen(words(variants)),
        batches=numbers("--batch", batch),
        training_batches=numbers("--training-batch", training_batch),
        sizes=numbers("--size", size),
        threads=numbers("--threads", threads) if threads else default_threads(),
        rounds=rounds,
        voc=(str(voc), *words(split)) if voc else (),
    )
    check(request)
    with stages(Console(stderr=True)) as tell:
        result = run(request, provenance("jtmigrate"), tell)
    # A table that is folded to the 80 columns of a log could not be read.
    print_result(result, Console() if Console().is_terminal else Console(width=WIDTH))
    if json:
        write_text(json, to_json(result))
    if out:
        typer.echo(", ".join(map(str, write_report(out, result))))
    raise typer.Exit(0 if result else 1)


def words(text: str) -> tuple[str, ...]:
    """`a,b` apart, without repetitions."""
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
