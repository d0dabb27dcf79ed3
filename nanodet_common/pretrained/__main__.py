"""`python -m nanodet_common.pretrained WEIGHTS [OUT]`: a trained inference model in half precision."""

import sys
from pathlib import Path

import numpy as np

from jtmigrate.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from nanodet_common.errors import InputError
from nanodet_common.pretrained import SMALL


def main(weights: Path, out: Path = SMALL) -> None:
    """Write the tensors of a checkpoint with floats rounded to float16, and say what that changed.

    Raises InputError where a value is too large for float16.
    """
    tensors = read_checkpoint(weights).tensors
    rounded = {name: in_half_precision(name, array) for name, array in tensors.items()}
    write_checkpoint(out, Checkpoint(rounded))
    errors = [
        float(np.abs(rounded[name].astype(array.dtype) - array).max() / (np.abs(array).max() or 1))
        for name, array in tensors.items()
        if array.dtype.kind == "f"
    ]
    print(f"{out}: {len(rounded)} tensors, {out.stat().st_size:,} bytes, within {max(errors):.1e} of each maximum")


def in_half_precision(name: str, array: np.ndarray) -> np.ndarray:
    """An array of floats as float16, others as they are."""
    if array.dtype.kind != "f":
        return array
    if np.abs(array).max(initial=0) > np.finfo(np.float16).max:
        raise InputError(f"{name}: {np.abs(array).max():g} is beyond float16; keep this checkpoint in float32")
    return array.astype(np.float16)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
