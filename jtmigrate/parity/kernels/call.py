"""Calls C++ functions of this folder's headers as operators of Jittor's graph."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import jittor as jt

FOLDER = Path(__file__).parent


@cache
def includes(*headers: str) -> str:
    """The text that includes headers of this folder, "vectors" before all others.

    Whole paths, and no header includes another one: so Jittor notices a change in any of them.
    """
    return "".join(f'#include "{FOLDER / name}.h"\n' for name in ("vectors", *headers))


def call(
    shapes: Sequence[Sequence[int]], inputs: Sequence[jt.Var], header: str, source: str, **numbers: float
) -> list[jt.Var]:
    """Float32 outputs of these shapes, computed by `source`.

    It finds inputs and outputs as pointers `in0_p` ..., `out0_p` ..., and numbers by name in `data`: a number that
    changes from call to call does not make another kernel, as it would in the text.
    """
    return jt.code(
        [tuple(shape) for shape in shapes], ["float32"] * len(shapes), list(inputs),
        cpu_header=includes(header), cpu_src=source, data=numbers,
    )  # fmt: skip
