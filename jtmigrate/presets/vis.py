"""`make vis`: pictures of a batch as training sees it, and of what both frameworks find in the same images."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import cv2
import numpy as np
import typer

from jtmigrate.cli import eval_options as options
from jtmigrate.cli.main import run
from jtmigrate.files import check_writable
from jtmigrate.presets.nanodet_eval import (
    JITTOR,
    TORCH,
    Request,
    Runner,
    Source,
    check_installed,
    model_and_data,
    spread_out,
)
from nanodet_common.config import Config
from nanodet_common.datasets.dataset import Dataset
from nanodet_common.errors import InputError
from nanodet_common.files import write_bytes
from nanodet_common.loader.loader import Loader
from nanodet_common.preprocess import load_image
from nanodet_common.record import Record
from nanodet_common.vis import batch_sheet, comparison_sheet

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    weights: options.Weights,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the pictures are written.")] = Path("reports/vis"),
    config: options.Config = options.DEFAULT_CONFIG,
    num_classes: options.NumClasses = None,
    classes: options.Classes = None,
    voc: options.Voc = None,
    split: options.Split = "test",
    coco: options.Coco = None,
    images: options.Images = None,
    count: Annotated[int, typer.Option(min=1, help="Pictures on a sheet.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Of the choice and the augmentation of the batch.")] = 0,
) -> None:
    """Draw a batch of training samples, and the detections of both frameworks side by side.

    Exit code 0 when drawn, 2 if the input is unusable.
    """
    for name in ("batch.png", "detections.png"):
        check_writable(out / name)
    check_installed((TORCH, JITTOR))
    source = Source(voc, split, coco, images, "skip")
    loading = {"batch": count, "workers": 0, "worker_timeout": options.WORKER_TIMEOUT}
    request = Request(config, weights, num_classes, classes, source, "normal", **loading)
    found_config, dataset = model_and_data(request)
    if not dataset.images:
        raise InputError("nothing to draw: the data set has no images")
    write_bytes(out / "batch.png", _png(draw_batch(dataset, found_config, count, seed)))
    ids = spread_out([record.image_id for record in dataset.images], count)
    with TemporaryDirectory() as folder:
        runner = Runner(request, Path(folder), lambda line: typer.echo(line, err=True))
        records = {program.name: runner(program, only=ids) for program in (TORCH, JITTOR)}
    write_bytes(out / "detections.png", _png(draw_detections(dataset, found_config, records)))
    typer.echo(f"{out / 'batch.png'}, {out / 'detections.png'}")


def draw_batch(dataset: Dataset, config: Config, count: int, seed: int) -> np.ndarray:
    """The first batch of an epoch of training."""
    loader = Loader(
        dataset, config.data.train, batch_size=count, workers=0, seed=seed, augment=True, shuffle=True, drop_last=False
    )
    return batch_sheet(next(loader.epoch(0)), config.data.train.pipeline, config.class_names)


def draw_detections(dataset: Dataset, config: Config, records: dict[str, Record]) -> np.ndarray:
    """What every framework found in the images of its record, all of the same images."""
    found = {name: list(record.found.values()) for name, record in records.items()}
    ids = next(iter(records.values())).found.keys()
    shown = [record for record in dataset.images if record.image_id in ids]
    pictures = [load_image(record.file) for record in shown]
    return comparison_sheet(pictures, [record.file.name for record in shown], found, config.class_names)


def _png(picture: np.ndarray) -> bytes:
    _, content = cv2.imencode(".png", picture)
    return content.tobytes()


if __name__ == "__main__":
    run(app)
