"""Joining tensors along a dimension, and taking them apart: each is the other's gradient, and a copy of memory."""

from collections.abc import Sequence
from itertools import accumulate

import jittor as jt

from jtmigrate.parity.kernels.call import call

PUT = 'kernels::put(in@I_p, out0_p + long(data["begin@I"]), outer, long(data["length@I"]), step);'
TAKE = 'kernels::take(in0_p + long(data["begin@I"]), out@I_p, outer, long(data["length@I"]), step);'
SIZES = 'const long outer = data["outer"], step = data["step"];'


class Concat(jt.Function):
    """Tensors that differ in size along `dim` only -> one."""

    def __init__(self, dim: int):
        super().__init__()
        self.dim = dim

    def execute(self, *parts: jt.Var) -> jt.Var:
        self.sizes = [part.shape[self.dim] for part in parts]
        return _joined(parts, self.dim)

    def grad(self, dy: jt.Var) -> tuple[jt.Var, ...]:
        return tuple(Split(self.sizes, self.dim)(dy))


class Split(jt.Function):
    """A tensor -> its parts of these sizes along `dim`."""

    def __init__(self, sizes: Sequence[int], dim: int):
        super().__init__()
        self.sizes, self.dim = list(sizes), dim

    def execute(self, x: jt.Var) -> tuple[jt.Var, ...]:
        parts = _parts(x, self.sizes, self.dim)
        self.shapes = [part.shape for part in parts]
        return tuple(parts)

    def grad(self, *gradients: jt.Var | None) -> jt.Var:
        zeros = (jt.zeros(shape) for shape in self.shapes)
        parts = [zero if dy is None else dy for zero, dy in zip(zeros, gradients, strict=True)]
        return Concat(self.dim)(*parts)


def _joined(parts: Sequence[jt.Var], dim: int) -> jt.Var:
    sizes = [part.shape[dim] for part in parts]
    shape = list(parts[0].shape)
    shape[dim] = sum(sizes)
    return call([shape], parts, "joining", _for_each_part(PUT, len(parts)), **_layout(shape, sizes, dim))[0]


def _parts(whole: jt.Var, sizes: Sequence[int], dim: int) -> list[jt.Var]:
    shape = tuple(whole.shape)
    shapes = [(*shape[:dim], size, *shape[dim + 1 :]) for size in sizes]
    return call(shapes, [whole], "joining", _for_each_part(TAKE, len(sizes)), **_layout(shape, sizes, dim))


def _for_each_part(source: str, count: int) -> str:
    return SIZES + "".join(source.replace("@I", str(index)) for index in range(count))


def _layout(shape: Sequence[int], sizes: Sequence[int], dim: int) -> dict[str, int]:
    """How many times a part is copied, how long each copy is, and where the first begins in the whole."""
    outer = inner = 1
    for size in shape[:dim]:
        outer *= size
    for size in shape[dim + 1 :]:
        inner *= size
    lengths = {f"length{index}": size * inner for index, size in enumerate(sizes)}
    begins = accumulate([0, *sizes[:-1]])
    return {"outer": outer, "step": sum(sizes) * inner, **lengths} | {
        f"begin{index}": begin * inner for index, begin in enumerate(begins)
    }
