"""Options of `jtmigrate eval`, most of which the detectors' own commands have too."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_CONFIG = "nanodet-plus-m_416"
BATCH, WORKERS = 8, 1
WORKER_TIMEOUT = 300.0


class OnProblem(str, Enum):
    """What becomes of files and objects that cannot be used."""

    SKIP = "skip"
    FAIL = "fail"


class Difficult(str, Enum):
    """What becomes of objects marked difficult in the COCO protocol."""

    NORMAL = "normal"
    IGNORE = "ignore"


class Precision(str, Enum):
    """What the model computes in."""

    FLOAT32 = "float32"
    FLOAT64 = "float64"


Config = Annotated[str, typer.Option(metavar="NAME", help="Configuration by name, or a YAML file.")]
Weights = Annotated[
    Path, typer.Option(metavar="FILE", help="Checkpoint, in any format that `jtmigrate inspect` reads.")
]
NumClasses = Annotated[int | None, typer.Option(min=1, help="Refuse a checkpoint with another number of classes.")]
Classes = Annotated[
    str | None,
    typer.Option(metavar="A,B,...|FILE", help="Class names, or a file with one a line; else the configuration's."),
]
Voc = Annotated[Path | None, typer.Option(metavar="DIR", help="VOC data: VOCdevkit, or the folder of one year.")]
Split = Annotated[str, typer.Option(metavar="SET,...", help="Sets of --voc: test, or 2007:trainval,2012:trainval.")]
Coco = Annotated[Path | None, typer.Option(metavar="ANN.json", help="COCO annotations; with --images.")]
Images = Annotated[Path | None, typer.Option(metavar="DIR", help="The pictures of --coco.")]
Problems = Annotated[
    OnProblem, typer.Option("--on-problem", help="Leave out and count what cannot be used, or refuse the data set.")
]
DifficultObjects = Annotated[
    Difficult, typer.Option("--difficult", help="Objects marked difficult: like all others, or not counted (COCO).")
]
Batch = Annotated[int, typer.Option(min=1, help="Images a batch.")]
Workers = Annotated[int, typer.Option(min=0, help="Processes that prepare images; 0: none.")]
WorkerTimeout = Annotated[
    float, typer.Option(min=1, metavar="SECONDS", help="Give up when a worker takes longer over one picture.")
]
Json = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the whole result here.")]
Html = Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page to look at here.")]
DType = Annotated[Precision, typer.Option(help="What the model computes in.")]
