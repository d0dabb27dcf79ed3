"""Options that several commands share."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Precision(str, Enum):
    """In which precisions a model is run."""

    FLOAT32 = "float32"
    FLOAT64 = "float64"
    BOTH = "both"


Tolerance = Annotated[
    float | None,
    typer.Option(
        min=0.0, help="Largest aligned error in float32, as a share of a tensor's maximum.", show_default="1e-6"
    ),
]
Exceptions = Annotated[
    Path | None, typer.Option("--except", metavar="FILE", help="Lines of PATH REASON: may stay uncompared.")
]
AllowNonfinite = Annotated[
    bool, typer.Option("--allow-nonfinite", help="NaN or infinity on both sides does not fail the run.")
]
ShowAll = Annotated[bool, typer.Option("--all", help="Print every layer, not only the notable ones.")]
Json = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the whole result here.")]
Html = Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page to look at here.")]
JUnit = Annotated[Path | None, typer.Option("--junit", metavar="FILE.xml", help="Write test results for CI here.")]
Baseline = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Fail only on what got worse than this file allows.")
]
WriteBaseline = Annotated[
    Path | None, typer.Option("--write-baseline", metavar="FILE", help="Accept this result as the new baseline.")
]
Repro = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Write a stand-alone script for the first faulty layer here.")
]
Evidence = Annotated[
    Path | None, typer.Option(metavar="FILE.zip", help="Write hashes and the result here, for jtmigrate verify.")
]
Map = Annotated[
    Path | None, typer.Option("--map", metavar="FILE.toml", help="Paths of the port and what they are in the original.")
]
DType = Annotated[Precision, typer.Option(help="float64 tells a wrong layer from rounding.")]
Image = Annotated[Path | None, typer.Option(metavar="FILE", help="NanoDet-Plus: the image to run on.")]
Config = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="NanoDet-Plus: configuration or YAML file.", show_default="nanodet-plus-m_416"),
]
Weights = Annotated[Path | None, typer.Option(metavar="FILE", help="NanoDet-Plus: checkpoint; else seeded.")]
NumClasses = Annotated[int | None, typer.Option(min=1, help="NanoDet-Plus: classes, without --weights.")]
Torch = Annotated[str | None, typer.Option(metavar="MODULE:FACTORY", help="Any PyTorch model.")]
Jittor = Annotated[str | None, typer.Option(metavar="MODULE:FACTORY", help="Its port.")]
Inputs = Annotated[Path | None, typer.Option("--input", metavar="FILE.npz", help="What both are given.")]
CopyWeights = Annotated[
    bool, typer.Option("--copy-weights", help="Load the PyTorch model's parameters into the port first.")
]
