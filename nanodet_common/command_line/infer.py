"""`infer`: detections in pictures and videos, drawn and as JSON."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jtmigrate.cli import eval_options as options

if TYPE_CHECKING:
    import numpy as np

    from nanodet_common.detector import Detector

Tick = Callable[[], None]
"""Is called after every picture and every frame."""


def command(
    context: typer.Context,
    sources: Annotated[list[Path], typer.Argument(metavar="FILE|DIR...", help="Pictures, videos, folders of them.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the drawn results and detections.json go.")],
    weights: options.Weights,
    config: options.Config = options.DEFAULT_CONFIG,
    num_classes: options.NumClasses = None,
    classes: options.Classes = None,
    score_threshold: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Only detections with a score above it.")
    ] = 0.3,
    on_problem: Annotated[
        options.OnProblem, typer.Option("--on-problem", help="Leave out and name what cannot be read, or stop there.")
    ] = options.OnProblem.SKIP,
) -> None:
    """Detect objects in pictures and videos; draw them, and write all of them into detections.json.

    Exit code 0 when done, 2 if the input is unusable, or nothing of it was usable.
    """
    import json
    from itertools import count

    from jtmigrate.files import check_writable, write_text
    from nanodet_common.command_line.data import with_classes
    from nanodet_common.command_line.progress import counting
    from nanodet_common.detector import Detector
    from nanodet_common.errors import InputError
    from nanodet_common.media import find_media
    from nanodet_common.postprocess import Limits

    check_writable(out / "detections.json")
    files = find_media(sources, results=out)
    backend = context.obj()
    found_config, engine = backend.load(config, weights, num_classes, options.Precision.FLOAT32.value)
    detector = Detector(engine, with_classes(found_config, classes), Limits(score_threshold))
    results, problems = [], []
    total = None if any(one.is_video for one in files) else len(files)
    with counting(backend.name, total) as progress:
        done = count(1)
        for one in files:
            look = _look_at_video if one.is_video else _look_at_image
            try:
                found = look(detector, one.path, out / one.kept_as, lambda: progress(next(done)))
                results.append({"file": str(one.path), **found})
                check_whole(one.path, found)
            except InputError as error:
                if on_problem is options.OnProblem.FAIL:
                    raise
                problems.append(str(error))
    if not results:
        raise InputError(f"none of {len(files)} files can be used: {problems[0]}")
    facts = {"program": backend.program, "config": config, "weights": str(weights)}
    whole = {
        **facts,
        "classes": detector.config.class_names,
        "score_threshold": score_threshold,
        "files": results,
        "problems": problems,
    }
    write_text(out / "detections.json", json.dumps(whole, indent=1))
    for problem in problems:
        typer.echo(f"problem: {problem}")
    typer.echo(f"{len(results)} of {len(files)} files: {out / 'detections.json'} and the drawn ones beside it")


def _look_at_image(detector: "Detector", path: Path, place: Path, tick: Tick) -> dict[str, Any]:
    from nanodet_common.media import drawn_image, write_image
    from nanodet_common.preprocess import load_image

    pixels = load_image(path)
    found, drawn = detector.detect(pixels), drawn_image(place)
    write_image(drawn, detector.draw(pixels, found))
    tick()
    return {"drawn": str(drawn), **_size(pixels), "detections": detector.to_list(found)}


def _look_at_video(detector: "Detector", path: Path, place: Path, tick: Tick) -> dict[str, Any]:
    from nanodet_common.media import drawn_video, open_video, write_video

    drawn, frames, size = drawn_video(place), [], {}
    with open_video(path) as video:

        def drawn_frames() -> "Iterator[np.ndarray]":
            for number, pixels in enumerate(video.frames):
                found = detector.detect(pixels)
                frames.append({"seconds": number / video.speed, "detections": detector.to_list(found)})
                size.update(_size(pixels))
                tick()
                yield detector.draw(pixels, found)

        write_video(drawn, drawn_frames(), video.speed)
    speed = {"frames_a_second": video.speed, "frames_expected": video.expected or None}
    return {"drawn": str(drawn), **size, **speed, "frames": frames}


def check_whole(path: Path, found: dict[str, Any]) -> None:
    """Raise InputError for a video with fewer frames than it claims to have; containers may count one too many."""
    from nanodet_common.errors import InputError

    expected, read = found.get("frames_expected"), len(found.get("frames", ()))
    if expected and read < expected - 1:
        raise InputError(f"{path}: cut off or damaged: {read} of {expected} frames can be read")


def _size(pixels: "np.ndarray") -> dict[str, int]:
    return {"width": pixels.shape[1], "height": pixels.shape[0]}
