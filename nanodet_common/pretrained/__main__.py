"""`python -m nanodet_common.pretrained WEIGHTS [OUT]`: a trained inference model in half precision."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from jtmigrate.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from jtmigrate.cli.main import run
from nanodet_common.errors import InputError
from nanodet_common.pretrained import SMALL

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    weights: Annotated[Path, typer.Argument(metavar="WEIGHTS", help="Checkpoint of any format that is read.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file with half of the bytes.")] = SMALL,
) -> None:
    """Round the floats of a checkpoint to float16, and say what that changed.

    Exit code 0 if done, 2 if a value is too large for float16 or a file is unusable.
    """
    tensors = read_checkpoint(weights).tensors
    rounded = {name: in_half_precision(name, array) for name, array in tensors.items()}
    write_checkpoint(out, Checkpoint(rounded))
    errors = [
        float(np.abs(rounded[name].astype(array.dtype) - array).max() / (np.abs(array).max() or 1))
        for name, array in tensors.items()
        if array.dtype.kind == "f"
    ]
    worst = max(errors, default=0.0)
    typer.echo(f"{out}: {len(rounded)} tensors, {out.stat().st_size:,} bytes, within {worst:.1e} of each maximum")


def in_half_precision(name: str, array: np.ndarray) -> np.ndarray:
    """An array of floats as float16, others as they are. Raises InputError where a value is too large."""
    if array.dtype.kind != "f":
        return array
    if np.abs(array).max(initial=0) > np.finfo(np.float16).max:
        raise InputError(f"{name}: {np.abs(array).max():g} is beyond float16; keep this checkpoint in float32")
    return array.astype(np.float16)


if __name__ == "__main__":
    run(app)
