"""`jtmigrate trace`: one run of one model into a file, for jtmigrate compare."""

from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jtmigrate.cli import options
from jtmigrate.cli.pairs import refuse
from jtmigrate.errors import UserError

if TYPE_CHECKING:
    from jtmigrate.plan import ModelPair


class Framework(str, Enum):
    """Whose model is run."""

    TORCH = "torch"
    JITTOR = "jittor"


class TierOption(str, Enum):
    """How much is kept of every tensor."""

    EVERYTHING = "everything"
    SUSPECTS = "suspects"
    STATISTICS = "statistics"
    HASHES = "hashes"
    AUTO = "auto"


def command(
    framework: Annotated[Framework, typer.Option(help="Whose model to run.")],
    out: Annotated[Path, typer.Option(metavar="FILE.trace", help="Where the recorded run is written.")],
    image: options.Image = None,
    config: options.Config = None,
    weights: options.Weights = None,
    num_classes: options.NumClasses = None,
    torch: options.Torch = None,
    jittor: options.Jittor = None,
    inputs: options.Inputs = None,
    replay_of: Annotated[
        Path | None,
        typer.Option("--replay-of", metavar="A.trace", help="Run every layer alone too, on what this run recorded."),
    ] = None,
    copy_weights: Annotated[
        bool, typer.Option("--copy-weights", help="Load the parameters recorded in --replay-of first.")
    ] = False,
    names: options.Map = None,
    dtype: options.DType = options.Precision.BOTH,
    backward: Annotated[bool, typer.Option("--backward", help="Record gradients too.")] = False,
    tier: Annotated[
        TierOption, typer.Option(help="What is kept of every tensor; auto: the most that is within --budget.")
    ] = TierOption.EVERYTHING,
    suspect: Annotated[
        list[str] | None, typer.Option("--suspect", metavar="PATTERN", help="Path whose tensors --tier suspects keeps.")
    ] = None,
    suspects_from: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Keep those that are a mismatch in this result.")
    ] = None,
    budget: Annotated[str | None, typer.Option(metavar="SIZE", help="The most to write: 500MB, 2GB.")] = None,
) -> None:
    """Run one model and record every layer, for jtmigrate compare.

    Either NanoDet-Plus with --image, or any model with --torch or --jittor, and --input.

    Exit code 0 if recorded, 2 if the input is unusable or the budget too small (nothing is written then).
    """
    from rich.console import Console

    from jtmigrate.cli.factories import file_of
    from jtmigrate.cli.map_file import read_map
    from jtmigrate.cli.progress import stages
    from jtmigrate.cli.trace_options import read_suspects, size_in_bytes
    from jtmigrate.facts import describe_inputs, loaded_code, provenance, versions_of
    from jtmigrate.files import check_outputs
    from jtmigrate.offline import REPLAY_OF
    from jtmigrate.plan import Plan
    from jtmigrate.repro import BUILD
    from jtmigrate.runs import Clock
    from jtmigrate.trace.file import read_traces, write_traces
    from jtmigrate.trace.tiers import Tier, size_words, sizes_words
    from jtmigrate.tracing import record

    read = (image, weights, inputs, names, replay_of, suspects_from, config, file_of(torch), file_of(jittor))
    check_outputs([out], read)
    suspects = (*(suspect or ()), *(read_suspects(suspects_from) if suspects_from else ()))
    if suspects and tier not in (TierOption.SUSPECTS, TierOption.AUTO):
        raise UserError(f"suspects mean nothing with --tier {tier.value}: take --tier suspects")
    if tier is TierOption.SUSPECTS and not suspects:
        raise UserError("--tier suspects needs --suspect PATTERN or --suspects-from FILE.json")
    if framework is Framework.TORCH:
        refuse("--framework torch", {"--replay-of": replay_of})
    if not replay_of:
        refuse("no --replay-of", {"--copy-weights": copy_weights, "--map": names})
    if replay_of and dtype is options.Precision.FLOAT64:
        raise UserError("--replay-of runs layers alone, which is done in float32: leave --dtype at both")
    limit = None if budget is None else size_in_bytes(budget)
    replayed = read_traces(replay_of) if replay_of else None
    pair, title, source = _pair(
        framework.value, image, config, weights, num_classes, torch, jittor, inputs, training=backward
    )
    pair = replace(pair, names=read_map(names) if names else {})
    plan = Plan(
        mode="both" if replayed or framework is Framework.TORCH else "propagated",
        precision=dtype.value,
        copy_weights=copy_weights,
        backward=backward,
    )
    with stages(Console(stderr=True)) as progress:
        clock = Clock(progress)
        runs, facts = record(framework.value, pair, plan, clock, replayed)
    facts |= {
        "title": title,
        "inputs": describe_inputs(pair.inputs),
        "versions": versions_of(*runs.values()),
        "code": loaded_code(),
        "seconds": clock.seconds,
        "backward": backward,
        BUILD: source,
        **provenance("jtmigrate"),
    }
    if replayed:
        facts[REPLAY_OF] = replayed.identities["float32"]
    console = Console(highlight=False, soft_wrap=True, markup=False)
    written = write_traces(
        out,
        runs,
        tier=None if tier is TierOption.AUTO else Tier(tier.value),
        suspects=suspects,
        budget=limit,
        meta=facts,
        announce=lambda estimates: console.print(f"size by tier: {sizes_words(estimates)}"),
    )
    layers = max(len(trace.layers) for trace in runs.values())
    console.print(f"{out}: {', '.join(runs)}, {layers} layers, tier {written.tier.value}, {size_words(written.nbytes)}")


def _pair(
    framework: str,
    image: Path | None,
    config: str | None,
    weights: Path | None,
    num_classes: int | None,
    torch: str | None,
    jittor: str | None,
    inputs: Path | None,
    *,
    training: bool,
) -> tuple["ModelPair", str, str]:
    """The model to run, what to call it, and how it is built (see `jtmigrate.repro.Sources`)."""
    from jtmigrate.plan import ModelPair

    if image:
        refuse("--image", {"--torch": torch, "--jittor": jittor, "--input": inputs})
        from jtmigrate.presets import nanodet

        given = {"config": config, "weights": weights, "num_classes": num_classes, "training": training}
        pair = nanodet.pair(**given, image=image)
        return pair, pair.title, nanodet.source(framework, **given)
    from jtmigrate.cli.factories import build_for, check_factory
    from jtmigrate.cli.files import read_inputs

    refuse("no --image", {"--config": config, "--weights": weights, "--num-classes": num_classes})
    specs = {"torch": torch, "jittor": jittor}
    spec = specs.pop(framework)
    refuse(f"--framework {framework}", {f"--{other}": given for other, given in specs.items()})
    if not (spec and inputs):
        raise UserError(f"nothing to run: give --image IMG, or --{framework} M:F --input FILE.npz")
    check_factory(spec)
    pair = ModelPair(lambda: build_for("torch", spec), lambda: build_for("jittor", spec), read_inputs(inputs))
    return pair, spec, spec
