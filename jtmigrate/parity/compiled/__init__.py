"""A model as one operator of Jittor, for inference on the CPU.

`Compiled(model)` computes what the model computes in evaluation mode, faster: BatchNorm is folded into convolutions,
activations are applied while values are in registers, concatenations, slices and shuffles of channels cost nothing, no
Python runs between layers, and one kernel, compiled once, serves every model. Rounding differs from that of the layers,
by as much as folding BatchNorm does anywhere.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import jittor as jt

from jtmigrate.parity import nn
from jtmigrate.parity.compiled.fold import folded
from jtmigrate.parity.compiled.graph import NotCompilable, Symbol
from jtmigrate.parity.compiled.program import Program, program
from jtmigrate.parity.compiled.trace import nodes_of, trace
from jtmigrate.parity.kernels.call import includes

__all__ = ["Compiled", "NotCompilable"]

HEADERS = ("pointwise", "depthwise", "pooling", "resizing", "network")
RUN = """
std::vector<std::pair<float*, long>> outputs;
for (auto* output : _outputs) outputs.emplace_back(output->ptr<float>(), output->num / in0_shape0);
static std::vector<float> arenas;
const long arena = data["arena"], needed = arena * omp_get_max_threads();
if ((long)arenas.size() < needed) arenas.resize(needed);
kernels::run_network(reinterpret_cast<const kernels::Operation*>(in1_p), in1_shape0, in2_p, in0_p, in0_shape0,
    in0->num / in0_shape0, outputs, arenas.data(), arena);
"""


class Compiled:
    """Called with images (N, C, H, W) in float32, it returns what `model` does.

    It takes the weights as they are now; later changes are not seen. Each size of images is traced when it first comes.
    Raises NotCompilable, a UserError that names the module, where the model does something for which there is no
    operation; the model itself still runs then. Raises ValueError for a batch without images.
    """

    def __init__(self, model: nn.Module):
        self._model = model
        self._compiled: dict[tuple[int, ...], tuple[Any, Program, list[jt.Var]]] = {}

    def __call__(self, images: jt.Var) -> Any:
        if images.shape[0] == 0:
            raise ValueError(f"a batch without images: {tuple(images.shape)}")
        form, found, constants = self._for(tuple(images.shape))
        shapes = [(images.shape[0], *shape) for shape in found.output_shapes]
        outputs = jt.code(
            shapes, ["float32"] * len(shapes), [images, *constants],
            cpu_header=includes(*HEADERS), cpu_src=RUN, data={"arena": found.arena},
        )  # fmt: skip
        return _in_form(form, iter(outputs))

    def _for(self, shape: tuple[int, ...]) -> tuple[Any, Program, list[jt.Var]]:
        if shape[1:] not in self._compiled:
            form, found = compile_for(self._model, shape)
            constants = [jt.array(found.operations).stop_grad(), jt.array(found.weights).stop_grad()]
            self._compiled[shape[1:]] = form, found, constants
        return self._compiled[shape[1:]]


def compile_for(model: nn.Module, shape: tuple[int, int, int, int]) -> tuple[Any, Program]:
    """What the model returns for images of this shape, as Symbols, and the program that computes it."""
    _, form = trace(model, shape)
    outputs = _flat(form)
    became = folded(nodes_of(outputs), [node for symbol in outputs for node in symbol.nodes])
    outputs = [replace(symbol, nodes=tuple(became[id(node)] for node in symbol.nodes)) for symbol in outputs]
    return form, program(nodes_of(outputs), outputs, _rows())


def _flat(form: Any) -> Sequence[Symbol]:
    if isinstance(form, Symbol):
        return [form]
    if isinstance(form, list | tuple):
        return [symbol for part in form for symbol in _flat(part)]
    raise NotCompilable(f"the model returns {type(form).__name__}, not tensors, lists or tuples of them")


def _in_form(form: Any, outputs: Any) -> Any:
    return next(outputs) if isinstance(form, Symbol) else type(form)(_in_form(part, outputs) for part in form)


@cache
def _rows() -> int:
    """Outputs in a block of packed weights, on this CPU."""
    (rows,) = jt.code([(1,)], ["float32"], [], cpu_header=includes("pointwise"), cpu_src="out0_p[0] = kernels::ROWS;")
    return int(rows.item())
