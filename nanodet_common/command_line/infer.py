"""`infer`: detections in pictures and videos, drawn and as JSON."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nanodet_common.command_line import options

if TYPE_CHECKING:
    import numpy as np

    from nanodet_common.detector import Detector


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

    from jtmigrate.files import check_writable, write_text
    from nanodet_common.command_line.data import with_classes
    from nanodet_common.command_line.progress import counting
    from nanodet_common.detector import Detector
    from nanodet_common.errors import InputError
    from nanodet_common.media import find_media
    from nanodet_common.postprocess import Limits

    check_writable(out / "detections.json")
    files = find_media(sources, results=out)
    backend = context.obj
    found_config, engine = backend.load(config, weights, num_classes, options.Precision.FLOAT32.value)
    detector = Detector(engine, with_classes(found_config, classes), Limits(score_threshold))
    results, problems = [], []
    with counting(backend.name, len(files), "files") as progress:
        for number, one in enumerate(files, start=1):
            place = out / one.kept_as
            try:
                look = _look_at_video if one.is_video else _look_at_image
                results.append({"file": str(one.path), **look(detector, one.path, place)})
            except InputError as error:
                if on_problem is options.OnProblem.FAIL:
                    raise
                problems.append(str(error))
            progress(number)
    if not results:
        raise InputError(f"none of {len(files)} files can be used: {problems[0]}")
    facts = {
        "program": backend.program,
        "config": config,
        "weights": str(weights),
        "classes": detector.config.class_names,
    }
    whole = {**facts, "score_threshold": score_threshold, "files": results, "problems": problems}
    write_text(out / "detections.json", json.dumps(whole, indent=1))
    for problem in problems:
        typer.echo(f"left out: {problem}")
    typer.echo(f"{len(results)} of {len(files)} files: {out / 'detections.json'} and the drawn ones beside it")


def _look_at_image(detector: "Detector", path: Path, place: Path) -> dict[str, Any]:
    import cv2

    from nanodet_common.files import write_bytes
    from nanodet_common.preprocess import load_image

    pixels = load_image(path)
    found = detector.detect(pixels)
    drawn = place.with_name(
        f"{place.name}.png" if place.suffix.lower() not in (".jpg", ".jpeg", ".png") else place.name
    )
    _, content = cv2.imencode(drawn.suffix, detector.draw(pixels, found))
    write_bytes(drawn, content.tobytes())
    return {"drawn": str(drawn), **_size(pixels), "detections": detector.to_list(found)}


def _look_at_video(detector: "Detector", path: Path, place: Path) -> dict[str, Any]:
    from collections.abc import Iterator

    from nanodet_common.command_line.progress import counting
    from nanodet_common.media import open_video, write_video

    drawn, frames, size = place.with_name(f"{place.name}.mp4"), [], {}
    drawn.parent.mkdir(parents=True, exist_ok=True)
    with open_video(path) as video, counting(path.name, video.claimed or None, "frames") as progress:

        def drawn_frames() -> "Iterator[np.ndarray]":
            for number, pixels in enumerate(video.frames):
                found = detector.detect(pixels)
                frames.append({"seconds": number / video.speed, "detections": detector.to_list(found)})
                size.update(_size(pixels))
                progress(number + 1)
                yield detector.draw(pixels, found)

        write_video(drawn, drawn_frames(), video.speed)
    return {"drawn": str(drawn), **size, "frames_a_second": video.speed, "frames": frames}


def _size(pixels: "np.ndarray") -> dict[str, int]:
    return {"width": pixels.shape[1], "height": pixels.shape[0]}
