"""Operators that move, cut and join, and those that compute sizes."""

from collections.abc import Callable

import numpy as np

from jtmigrate.port.onnx.emitter import Emitter
from jtmigrate.port.onnx.graph import Node
from jtmigrate.port.onnx.values import CannotPort, Constant, Line, Size, Sizes, listed, sizes_or_constant

_FAR = 2**31 - 1
"""An end from here on means the end of the axis."""


def shape(node: Node, emitter: Emitter) -> None:
    rank = emitter.rank(node.input(0))
    wanted = range(rank)[node.attribute("start", 0) : node.attribute("end", rank)]
    emitter.set(node.outputs[0], sizes_or_constant(tuple(emitter.dimension(node.input(0), axis) for axis in wanted)))


def reshape(node: Node, emitter: Emitter) -> None:
    wanted = list(emitter.sizes(node.input(1), "shape"))
    if not node.attribute("allowzero", 0):
        wanted = [emitter.dimension(node.input(0), axis) if size == 0 else size for axis, size in enumerate(wanted)]
    held = emitter.value(node.input(0))
    if isinstance(held, Sizes):
        emitter.set(node.outputs[0], Sizes(held.items, is_scalar=not wanted))
        return
    # Jittor has nothing without dimensions.
    emitter.emit(node, f"{emitter.tensor(node.input(0))}.reshape({listed(wanted or [1])})")


def flatten(node: Node, emitter: Emitter) -> None:
    axis = node.attribute("axis", 1)
    axis += emitter.rank(node.input(0)) if axis < 0 else 0
    if axis > 1:
        raise CannotPort(f"axis {axis} is not supported")
    first = emitter.dimension(node.input(0), 0) if axis else 1
    emitter.emit(node, f"{emitter.tensor(node.input(0))}.reshape({first}, -1)")


def transpose(node: Node, emitter: Emitter) -> None:
    order = node.attribute("perm") or list(reversed(range(emitter.rank(node.input(0)))))
    emitter.emit(node, f"{emitter.tensor(node.input(0))}.permute({listed(order)})")


def _axes(node: Node, emitter: Emitter) -> list[int] | None:
    """From an attribute, or since opset 13 from an input; None where there are none."""
    if node.input(1):
        return [int(axis) for axis in emitter.constant(node.input(1), "axes").reshape(-1)]
    return node.attribute("axes")


def squeeze(node: Node, emitter: Emitter) -> None:
    axes = _axes(node, emitter)
    held = emitter.value(node.input(0))
    if isinstance(held, Sizes):
        emitter.set(node.outputs[0], Sizes(held.items, is_scalar=True))
        return
    given = "" if axes is None else f", {axes[0] if len(axes) == 1 else tuple(axes)}"
    emitter.emit(node, f"ops.squeeze({emitter.tensor(node.input(0))}{given})")


def unsqueeze(node: Node, emitter: Emitter) -> None:
    axes = _axes(node, emitter) or []
    held = emitter.value(node.input(0))
    if isinstance(held, Sizes) and held.is_scalar:
        emitter.set(node.outputs[0], Sizes(held.items))
        return
    rank = emitter.rank(node.input(0)) + len(axes)
    # A scalar has a dimension already.
    steps = sorted(axis % rank for axis in axes)[: None if rank > len(axes) else -1]
    emitter.emit(node, emitter.tensor(node.input(0)) + "".join(f".unsqueeze({axis})" for axis in steps))


def concat(node: Node, emitter: Emitter) -> None:
    if not any(isinstance(emitter.value(name), Line) for name in node.inputs):
        parts = [emitter.sizes(name, "sizes") for name in node.inputs]
        emitter.set(node.outputs[0], sizes_or_constant(tuple(size for part in parts for size in part)))
        return
    axis = node.attribute("axis", 1)
    emitter.emit(node, f"jt.concat([{', '.join(map(emitter.tensor, node.inputs))}], dim={axis})")


def split(node: Node, emitter: Emitter) -> None:
    axis = node.attribute("axis", 0)
    given = node.attribute("split")
    if given is None and node.input(1):
        given = list(emitter.sizes(node.input(1), "sizes"))
    if given is None:
        length = emitter.dimension(node.input(0), axis)
        number = node.attribute("num_outputs", len(node.outputs))
        if not isinstance(length, int):
            raise CannotPort(f"axis {axis} has a size that is only known in a run")
        each = -(-length // number)
        given = [each] * (number - 1) + [length - each * (number - 1)]
    sizes = given[0] if len(set(given)) == 1 else f"[{listed(given)}]"
    emitter.emit_all(node, f"jt.split({emitter.tensor(node.input(0))}, {sizes}, dim={axis})")


def slice_(node: Node, emitter: Emitter) -> None:
    if emitter.graph.opset < 10:
        starts, ends = node.attribute("starts"), node.attribute("ends")
        axes, steps = node.attribute("axes"), None
    else:
        starts, ends = (emitter.sizes(node.input(index), "bounds") for index in (1, 2))
        axes = [int(axis) for axis in emitter.constant(node.input(3), "axes")] if node.input(3) else None
        steps = [int(step) for step in emitter.constant(node.input(4), "steps")] if node.input(4) else None
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    held = emitter.value(node.input(0))
    if isinstance(held, Sizes):
        if not all(isinstance(bound, int) for bound in (*starts, *ends)):
            raise CannotPort("sizes are cut at a place that depends on sizes")
        emitter.set(node.outputs[0], sizes_or_constant(held.items[starts[0] : ends[0] : steps[0]]))
        return
    rank = emitter.rank(node.input(0))
    cuts = [":"] * rank
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if step < 1:
            raise CannotPort(f"step {step} is not supported")
        cuts[axis % rank] = _cut(start, end, step, emitter.dimension(node.input(0), axis % rank))
    while len(cuts) > 1 and cuts[-1] == ":":
        cuts.pop()
    emitter.emit(node, f"{emitter.tensor(node.input(0))}[{', '.join(cuts)}]")


def _cut(start: Size, end: Size, step: int, length: Size) -> str:
    """The bounds as Python writes them, never beyond what there is."""
    if isinstance(length, int):
        start = min(start, length) if isinstance(start, int) else start
        end = "" if isinstance(end, int) and end >= length else end
    end = "" if end == length or (isinstance(end, int) and end >= _FAR) else end
    return f"{'' if start == 0 else start}:{end}" + (f":{step}" if step != 1 else "")


def gather(node: Node, emitter: Emitter) -> None:
    axis = node.attribute("axis", 0)
    held, index = emitter.value(node.input(0)), emitter.value(node.input(1))
    if isinstance(held, Sizes):
        places = emitter.constant(node.input(1), "index")
        items = tuple(held.items[int(place)] for place in places.reshape(-1))
        emitter.set(node.outputs[0], sizes_or_constant(items, is_scalar=places.ndim == 0))
        return
    rank = emitter.rank(node.input(0))
    before = ":, " * (axis % rank)
    x = emitter.tensor(node.input(0))
    if isinstance(index, Constant) and index.array.ndim == 0:
        # Of what has one dimension Jittor keeps one.
        emitter.emit(node, f"{x}[{before}{int(index.array)}]")
    elif isinstance(index, Constant) and index.array.ndim == 1:
        emitter.emit(node, f"ops.index_select({x}, {axis}, {emitter.tensor(node.input(1))})")
    elif isinstance(held, Constant) and held.array.ndim == 2 and axis == 0:
        emitter.emit(node, f"F.embedding({emitter.tensor(node.input(1))}, {x})")
    else:
        emitter.emit(node, f"{x}[{before}{emitter.tensor(node.input(1))}]")


def gather_elements(node: Node, emitter: Emitter) -> None:
    axis = node.attribute("axis", 0)
    emitter.emit(node, f"ops.gather({emitter.tensor(node.input(0))}, {axis}, {emitter.tensor(node.input(1))})")


def scatter_nd(node: Node, emitter: Emitter) -> None:
    """Whole slices along the first axis, which is what exporters write for `x[...] = y`."""
    places = emitter.constant(node.input(1), "index")
    if node.attribute("reduction", "none") != "none" or places.ndim != 2 or places.shape[1] != 1:
        raise CannotPort(f"an index of shape {list(places.shape)}, or a reduction, is not supported")
    index = ", ".join(map(str, places[:, 0].tolist()))
    x, source = emitter.tensor(node.input(0)), emitter.tensor(node.input(2))
    emitter.emit(node, f"ops.index_copy({x}, 0, jt.array([{index}]), {source})")


def expand(node: Node, emitter: Emitter) -> None:
    wanted = list(emitter.sizes(node.input(1), "shape"))
    rank = emitter.rank(node.input(0))
    wanted = [1] * (rank - len(wanted)) + wanted
    offset = len(wanted) - rank
    # A size of 1 means: as it is.
    sizes = [
        emitter.dimension(node.input(0), axis - offset) if size == 1 and axis >= offset else size
        for axis, size in enumerate(wanted)
    ]
    emitter.emit(node, f"{emitter.tensor(node.input(0))}.expand({listed(sizes)})")


def tile(node: Node, emitter: Emitter) -> None:
    times = emitter.sizes(node.input(1), "repeats")
    emitter.emit(node, f"{emitter.tensor(node.input(0))}.repeat({listed(times)})")


def pad(node: Node, emitter: Emitter) -> None:
    mode = {"constant": "constant", "reflect": "reflect", "edge": "replicate"}.get(node.attribute("mode", "constant"))
    if mode is None:
        raise CannotPort(f"mode {node.attribute('mode')} is not supported")
    rank = emitter.rank(node.input(0))
    pads = node.attribute("pads") or list(emitter.sizes(node.input(1), "pads"))
    axes = list(range(rank))
    if node.input(3):
        axes = [int(axis) % rank for axis in emitter.constant(node.input(3), "axes")]
    both: list[tuple[Size, Size]] = [(0, 0)] * rank
    for place, axis in enumerate(axes):
        both[axis] = (pads[place], pads[place + len(axes)])
    while len(both) > 1 and both[0] == (0, 0):
        both.pop(0)
    given = [size for pair in reversed(both) for size in pair]
    value = node.attribute("value", 0.0)
    if node.input(2):
        value = float(emitter.constant(node.input(2), "value").reshape(-1)[0])
    more = "" if mode == "constant" else f', mode="{mode}"'
    more += f", value={value!r}" if value and mode == "constant" else ""
    emitter.emit(node, f"F.pad({emitter.tensor(node.input(0))}, [{listed(given)}]{more})")


def cast(node: Node, emitter: Emitter) -> None:
    from onnx import helper

    held = emitter.value(node.input(0))
    dtype = helper.tensor_dtype_to_np_dtype(node.attribute("to"))
    if isinstance(held, Sizes) and np.issubdtype(dtype, np.integer):
        emitter.set(node.outputs[0], held)
        return
    names = {"int64": "int32", "float64": "float32"}
    emitter.emit(node, f'{emitter.tensor(node.input(0))}.cast("{names.get(dtype.name, dtype.name)}")')


def constant_of_shape(node: Node, emitter: Emitter) -> None:
    filled = np.asarray(node.attribute("value", np.zeros(1, np.float32))).reshape(-1)[0]
    sizes = emitter.sizes(node.input(0), "shape")
    dtype = "" if filled.dtype == np.float32 else f', dtype="{str(filled.dtype).replace("64", "32")}"'
    emitter.emit(node, f"ops.full(({listed(sizes)},), {filled.item()!r}{dtype})")


def range_(node: Node, emitter: Emitter) -> None:
    start, end, step = (emitter.sizes(name, "bounds")[0] for name in node.inputs)
    given = f"{end}" if (start, step) == (0, 1) else f"{start}, {end}" + (f", {step}" if step != 1 else "")
    emitter.emit(node, f"jt.arange({given})")


def depth_to_space(node: Node, emitter: Emitter) -> None:
    if node.attribute("mode", "DCR") != "CRD":
        raise CannotPort("mode DCR is not supported")
    emitter.emit(node, f"F.pixel_shuffle({emitter.tensor(node.input(0))}, {node.attribute('blocksize')})")


def einsum(node: Node, emitter: Emitter) -> None:
    operands = ", ".join(map(emitter.tensor, node.inputs))
    emitter.emit(node, f'ops.einsum("{node.attribute("equation")}", {operands})')


def cumsum(node: Node, emitter: Emitter) -> None:
    if node.attribute("exclusive", 0) or node.attribute("reverse", 0):
        raise CannotPort("exclusive and reverse are not supported")
    axis = int(emitter.constant(node.input(1), "axis").reshape(-1)[0])
    emitter.emit(node, f"ops.cumsum({emitter.tensor(node.input(0))}, {axis})")


OPERATORS: dict[str, Callable[[Node, Emitter], None]] = {
    "Cast": cast,
    "Concat": concat,
    "ConstantOfShape": constant_of_shape,
    "CumSum": cumsum,
    "DepthToSpace": depth_to_space,
    "Einsum": einsum,
    "Expand": expand,
    "Flatten": flatten,
    "Gather": gather,
    "GatherElements": gather_elements,
    "Pad": pad,
    "Range": range_,
    "Reshape": reshape,
    "ScatterND": scatter_nd,
    "Shape": shape,
    "Slice": slice_,
    "Split": split,
    "Squeeze": squeeze,
    "Tile": tile,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
}
