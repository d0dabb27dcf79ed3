"""What a command line asks to be run: the detectors with an image, or any two models."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jtmigrate.errors import UserError, telling

if TYPE_CHECKING:
    from jtmigrate.frameworks.training import Training
    from jtmigrate.plan import ModelPair
    from jtmigrate.repro import Sources


def refuse(given: str, others: Mapping[str, object]) -> None:
    """Raise UserError if an option was given that would have no effect."""
    if useless := [option for option, value in others.items() if value]:
        raise UserError(f"{', '.join(useless)} means nothing with {given}: see --help")


def nanodet_pair(
    image: Path, config: str | None, weights: Path | None, num_classes: int | None, *, training: bool
) -> "tuple[ModelPair, Sources]":
    """Both detectors on an image, and how they are built."""
    from jtmigrate.presets import nanodet
    from jtmigrate.repro import Sources

    given = {"config": config, "weights": weights, "num_classes": num_classes}
    pair = nanodet.pair(**given, image=image, training=training)
    return pair, Sources(*(nanodet.source(framework, **given, training=training) for framework in ("torch", "jittor")))


def any_pair(options: Mapping[str, Any]) -> "tuple[ModelPair, Sources]":
    """Two models and what belongs to them, from the options "--torch", "--jittor", "--input", "--map", "--loss-torch",
    "--loss-jittor", "--train-torch" and "--train-jittor". Raises UserError if one is missing or names nothing."""
    from jtmigrate.cli.factories import build_for, check_factory
    from jtmigrate.cli.files import read_inputs
    from jtmigrate.cli.map_file import read_map
    from jtmigrate.plan import ModelPair
    from jtmigrate.repro import Sources

    torch, jittor, inputs = options["--torch"], options["--jittor"], options["--input"]
    if not (torch and jittor and inputs):
        raise UserError("nothing to compare: give --image IMG, or --torch M:F --jittor M:F --input FILE.npz")
    for spec in filter(None, (torch, jittor, options["--loss-torch"], options["--loss-jittor"])):
        check_factory(spec)

    pair = ModelPair(
        build_torch=lambda: build_for("torch", torch),
        build_jittor=lambda: build_for("jittor", jittor),
        inputs=read_inputs(inputs),
        title=f"{torch} against {jittor}",
        names=read_map(options["--map"]) if options["--map"] else {},
        loss_torch=_loss(options["--loss-torch"]),
        loss_jittor=_loss(options["--loss-jittor"]),
        training_torch=_training(options["--train-torch"]),
        training_jittor=_training(options["--train-jittor"]),
    )
    return pair, Sources(torch, jittor)


def _loss(spec: str | None) -> Callable | None:
    """Imported only when it is called: the port's must not be, before the reference has run."""
    if spec is None:
        return None
    from jtmigrate.cli.factories import load_factory

    def loss(model: Any, output: Any) -> Any:
        function = load_factory(spec)
        with telling(f"{spec}: the loss"):
            return function(model, output)

    return loss


def _training(spec: str | None) -> "Training | None":
    """A Training whose factory is asked when training begins."""
    if spec is None:
        return None
    from jtmigrate.cli.factories import build, check_factory
    from jtmigrate.frameworks.training import Training

    check_factory(spec)
    built = []

    def made() -> Training:
        if not built:
            training = build(spec)
            if not isinstance(training, Training):
                raise UserError(
                    f"{spec} returned {type(training).__name__}, not a jtmigrate.frameworks.training.Training"
                )
            built.append(training)
        return built[0]

    def told(part: str) -> Callable[[Any], Any]:
        def run(argument: Any) -> Any:
            function = getattr(made(), part)
            with telling(f"{spec}: {part}"):
                return function(argument) if function else None

        return run

    return Training(told("build_optimizer"), told("clip"), told("schedule"))
