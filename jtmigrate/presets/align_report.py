"""`make align-report`: convert weights, compare both NanoDet-Plus detectors on a photograph, write the report.

Without arguments it needs neither weights nor an image of one's own: it takes the small trained detector that comes
with the project, and the photograph that comes with matplotlib.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from rich.console import Console

from jtmigrate.checkpoint import Checkpoint, read_checkpoint
from jtmigrate.cli.main import run
from jtmigrate.cli.progress import stages
from jtmigrate.convert import convert
from jtmigrate.diff import ModelPair, diff_pair
from jtmigrate.facts import provenance
from jtmigrate.files import check_writable, write_text
from jtmigrate.presets import nanodet
from jtmigrate.report.console import print_diff
from jtmigrate.report.conversion import print_conversion
from jtmigrate.report.html import write_html
from jtmigrate.report.json_report import write_json
from jtmigrate.report.markdown import to_markdown
from jtmigrate.trace.record import ROOT
from nanodet_common.drawing import draw_detections, side_by_side
from nanodet_common.postprocess import Detections, Limits, detections_from_boxes
from nanodet_common.pretrained import SMALL, SMALL_CONFIG
from nanodet_common.sample import sample_photograph

PROGRAM = "python -m jtmigrate.presets.align_report"
DRAWN = Limits(score_threshold=0.3, max_detections=20)
DRAWN_WITHOUT_TRAINING = Limits(score_threshold=0.05, max_detections=10)
"""Seeded weights find nothing in particular: the ten best of it are enough to look at."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the report is written.")] = Path("reports/alignment"),
    image: Annotated[Path | None, typer.Option(metavar="FILE", help="Photograph; else a sample.")] = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Checkpoint; else a small one, with --config seeded values.")
    ] = None,
    config: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Configuration or YAML file.", show_default="nanodet-plus-m_416 with --weights"
        ),
    ] = None,
) -> None:
    """Convert weights and compare NanoDet-Plus in PyTorch and Jittor, layer by layer, on one photograph.

    Exit code 0 if aligned, 1 if not, 2 if the input is unusable.
    """
    check_writable(out / "report.json")
    image = image or sample_photograph()
    if weights is None and config is None:
        weights, config = SMALL, SMALL_CONFIG
    name = config or nanodet.DEFAULT_CONFIG
    found, state = nanodet.settings(name, num_classes=None, weights=weights)
    picture = nanodet.picture(found, image)

    console = Console()
    source = read_checkpoint(weights) if weights else Checkpoint(state, path="seeded weights")
    converted = out / "weights.pkl"
    out.mkdir(parents=True, exist_ok=True)
    print_conversion(convert(source, converted, **target(name, state)), console)

    pair = nanodet.models(
        name,
        num_classes=found.model.arch.head.num_classes,
        torch_state=state,
        jittor_state=read_checkpoint(converted).tensors,
        inputs=picture.tensor,
        title=f"{name}, {weights.name if weights else 'seeded weights'}, {image.name}",
    )
    with stages(Console(stderr=True)) as progress:
        result = diff_pair(pair, progress=progress, meta=provenance(PROGRAM))
        progress("draw detections")
        drawing = draw_both(pair, picture, found.class_names, DRAWN if weights else DRAWN_WITHOUT_TRAINING)
    print_diff(result, console)
    write_json(result, out / "report.json")
    write_text(out / "report.md", to_markdown(result))
    caption = "Detections of both frameworks" if weights else "Boxes of both frameworks (seeded weights: not trained)"
    write_html(result, out / "index.html", pictures=[(caption, drawing)])
    console.print(f"report: {out / 'index.html'}, report.md, report.json", soft_wrap=True)
    raise typer.Exit(0 if result else 1)


def target(config: str, state: nanodet.State) -> dict[str, Any]:
    """Arguments of `convert` that check a checkpoint against a configuration's inference model."""
    shapes = {name: array.shape for name, array in state.items()}
    return {
        "schema": nanodet.schema(config, num_classes=None, shapes=shapes, training=False),
        "ignore": nanodet.TRAINING_ONLY,
    }


def draw_both(pair: ModelPair, picture: nanodet.Picture, class_names: Sequence[str], limits: Limits) -> bytes:
    """PNG of the photograph twice, with the detections of the PyTorch and of the Jittor model."""
    from jtmigrate.frameworks.jittor_adapter import JittorAdapter
    from jtmigrate.frameworks.torch_adapter import TorchAdapter

    panels = []
    for adapter, build, call in (
        (TorchAdapter(), pair.build_torch, pair.call_torch),
        (JittorAdapter(), pair.build_jittor, pair.call_jittor),
    ):
        outputs = adapter.record(build(), pair.inputs, call=call).by_key[ROOT].outputs
        found = detections(outputs["0"][0], outputs["1"][0], picture, limits)
        panels.append(draw_detections(picture.pixels, found, class_names, limits.score_threshold))
    _, png = cv2.imencode(".png", side_by_side(*panels, titles=("PyTorch", "Jittor")))
    return png.tobytes()


def detections(scores: np.ndarray, boxes: np.ndarray, picture: nanodet.Picture, limits: Limits) -> Detections:
    """Detections in the photograph from scores (P, C) and boxes (P, 4) in the network's input."""
    height, width = picture.pixels.shape[:2]
    return detections_from_boxes(scores, boxes, picture.tensor.shape[2:], picture.warp_matrix, (width, height), limits)


if __name__ == "__main__":
    run(app)
