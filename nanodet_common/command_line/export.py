"""`export`: the detector as an ONNX file that computes the same."""

from pathlib import Path
from typing import Annotated

import typer

from jtmigrate.cli import eval_options as options

TOLERANCE = 1e-5


def command(
    context: typer.Context,
    weights: options.Weights,
    out: Annotated[Path, typer.Option(metavar="FILE.onnx", help="Where the graph is written.")],
    config: options.Config = options.DEFAULT_CONFIG,
    num_classes: options.NumClasses = None,
    classes: options.Classes = None,
    image: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Picture on which the graph is checked; else a sample.")
    ] = None,
) -> None:
    """Write the detector as an ONNX file, for batches of any size, and check it with onnxruntime against the model.

    The check: raw head output on a picture, alone and twice in a batch, within 1e-5 of its largest absolute value.
    Exit code 0 when written, 1 if the graph computes something else (nothing is written then), 2 if the input is
    unusable.
    """
    from tempfile import TemporaryDirectory

    import numpy as np

    from jtmigrate import __version__
    from jtmigrate.files import check_writable, sha256_of
    from nanodet_common.command_line.data import with_classes
    from nanodet_common.files import write_bytes
    from nanodet_common.onnx.engine import OnnxEngine
    from nanodet_common.onnx.model import describe
    from nanodet_common.preprocess import load_image, preprocess
    from nanodet_common.sample import sample_photograph

    check_writable(out)
    backend = context.obj()
    found, engine = backend.load(config, weights, num_classes, options.Precision.FLOAT32.value)
    found = with_classes(found, classes)
    data = found.data.val
    pixels = load_image(image or sample_photograph())
    pixels_to_input = (data.input_size, data.pipeline.mean, data.pipeline.std)
    picture, _ = preprocess(pixels, *pixels_to_input, keep_ratio=False)
    with TemporaryDirectory() as folder:
        graph = Path(folder, "graph.onnx")
        backend.export(engine, found, graph)
        facts = {"weights_sha256": sha256_of(weights), "exported_by": f"jtmigrate {__version__}, {backend.program}"}
        describe(graph, found, {**facts, **engine.versions()})
        exported = OnnxEngine(graph)
        for number in (1, 2):
            images = np.repeat(picture[None], number, axis=0)
            expected = engine.predict(images)
            largest = float(np.abs(expected).max())
            error = float(np.abs(exported.predict(images) - expected).max())
            share = f"{error / largest:.1e} of the largest value {largest:.1f}"
            typer.echo(f"batch of {number}: largest error {error:.1e}, {share}")
            if not error <= TOLERANCE * largest:
                typer.echo(f"not written: the graph is more than {TOLERANCE} of the largest value off")
                raise typer.Exit(1)
        content = graph.read_bytes()
    write_bytes(out, content)
    typer.echo(f"{out}: {len(content):,} bytes")
