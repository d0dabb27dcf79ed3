"""Operators over windows and whole axes: pools, reductions, resizing."""

from collections.abc import Callable

import numpy as np

from jtmigrate.port.onnx.emitter import Emitter
from jtmigrate.port.onnx.graph import Node
from jtmigrate.port.onnx.operators.layers import number, options, padded, padding_of
from jtmigrate.port.onnx.values import CannotPort, literal


def max_pool(node: Node, emitter: Emitter) -> None:
    kernel = node.attribute("kernel_shape")
    if len([name for name in node.outputs if name]) > 1:
        raise CannotPort("its indices are used")
    before, behind = padding_of(node, emitter, kernel)
    x, padding = padded(emitter.tensor(node.input(0)), before, behind, ', value=float("-inf")')
    given = _window(node, kernel, padding, dilation=(number(node.attribute("dilations", [1] * len(kernel))), 1))
    emitter.emit(node, f"F.max_pool{len(kernel)}d({x}, {given})")


def average_pool(node: Node, emitter: Emitter) -> None:
    kernel = node.attribute("kernel_shape")
    if set(node.attribute("dilations", [1])) != {1}:
        raise CannotPort("dilation is not supported")
    before, behind = padding_of(node, emitter, kernel)
    counts = bool(node.attribute("count_include_pad", 0)) or not any((*before, *behind))
    if before != behind and not counts:
        raise CannotPort("unequal pads that do not count are not supported")
    x, padding = padded(emitter.tensor(node.input(0)), before, behind)
    given = _window(node, kernel, padding, count_include_pad=(counts, True))
    emitter.emit(node, f"F.avg_pool{len(kernel)}d({x}, {given})")


def _window(node: Node, kernel: list[int], padding: str, **more: tuple[object, object]) -> str:
    stride = number(node.attribute("strides", [1] * len(kernel)))
    ceil = bool(node.attribute("ceil_mode", 0))
    return f"{number(kernel)}, stride={stride}" + options(padding=(padding, 0), ceil_mode=(ceil, False), **more)


def whole(function: str) -> Callable[[Node, Emitter], None]:
    """A pool over everything behind the channels: "adaptive_avg_pool"."""

    def write(node: Node, emitter: Emitter) -> None:
        dims = emitter.rank(node.input(0)) - 2
        emitter.emit(node, f"F.{function}{dims}d({emitter.tensor(node.input(0))}, 1)")

    return write


def reduction(template: str) -> Callable[[Node, Emitter], None]:
    """An operator over axes: "ops.mean({x}{dim}{keepdim})"."""

    def write(node: Node, emitter: Emitter) -> None:
        axes = node.attribute("axes")
        if axes is None and node.input(1):
            axes = [int(axis) for axis in emitter.constant(node.input(1), "axes").reshape(-1)]
        if not axes and node.attribute("noop_with_empty_axes", 0):
            emitter.set(node.outputs[0], emitter.value(node.input(0)))
            return
        axes = axes or list(range(emitter.rank(node.input(0))))
        dim = axes[0] if len(axes) == 1 else tuple(axes)
        keepdim = options(keepdim=(bool(node.attribute("keepdims", 1)), False))
        emitter.emit(node, template.format(x=emitter.tensor(node.input(0)), dim=dim, keepdim=keepdim))

    return write


def arg(function: str) -> Callable[[Node, Emitter], None]:
    """Where the largest or smallest element is."""

    def write(node: Node, emitter: Emitter) -> None:
        if node.attribute("select_last_index", 0):
            raise CannotPort("select_last_index is not supported")
        keepdim = options(keepdim=(bool(node.attribute("keepdims", 1)), False))
        emitter.emit(node, f"ops.{function}({emitter.tensor(node.input(0))}, {node.attribute('axis', 0)}{keepdim})")

    return write


def top_k(node: Node, emitter: Emitter) -> None:
    count = emitter.sizes(node.input(1), "number")[0]
    given = options(dim=(node.attribute("axis", -1), -1), largest=(bool(node.attribute("largest", 1)), True))
    emitter.emit_all(node, f"ops.topk({emitter.tensor(node.input(0))}, {count}{given})")


def lp_normalization(node: Node, emitter: Emitter) -> None:
    given = options(p=(float(node.attribute("p", 2)), 2.0), dim=(node.attribute("axis", -1), 1))
    emitter.emit(node, f"F.normalize({emitter.tensor(node.input(0))}{given})")


def local_response(node: Node, emitter: Emitter) -> None:
    alpha, beta, bias = (
        literal(np.float32(node.attribute(name, value)))
        for name, value in (("alpha", 1e-4), ("beta", 0.75), ("bias", 1))
    )
    x = emitter.tensor(node.input(0))
    emitter.emit(node, f"F.local_response_norm({x}, {node.attribute('size')}, alpha={alpha}, beta={beta}, k={bias})")


def resize(node: Node, emitter: Emitter) -> None:
    mode, where = node.attribute("mode", "nearest"), node.attribute("coordinate_transformation_mode", "half_pixel")
    if node.attribute("antialias", 0) or node.attribute("exclude_outside", 0) or "axes" in node.attributes:
        raise CannotPort("antialias, exclude_outside and axes are not supported")
    dims = emitter.rank(node.input(0)) - 2
    if node.input(3):
        size = emitter.sizes(node.input(3), "size")[2:]
        given = f"size=({', '.join(map(str, size))}{',' if dims == 1 else ''})"
        factors = [_factor(emitter.dimension(node.input(0), axis + 2), size[axis]) for axis in range(dims)]
    else:
        scales = emitter.constant(node.input(2), "scales")
        if set(scales[:2].tolist()) != {1.0}:
            raise CannotPort("resizing the batch or the channels is not supported")
        factors = [int(scale) if scale == int(scale) else float(scale) for scale in scales[2:]]
        given = f"scale_factor={number(factors)}"
    how = _interpolation(node, mode, where, factors, dims)
    emitter.emit(node, f"F.interpolate({emitter.tensor(node.input(0))}, {given}, {how})")


def _interpolation(node: Node, mode: str, where: str, factors: list[float | None], dims: int) -> str:
    """Mode and alignment as PyTorch calls them. Raises CannotPort for what it does not have."""
    if mode == "nearest":
        # At whole factors up, all ways to round choose the same pixels.
        grows = all(isinstance(factor, int) for factor in factors) and where in ("half_pixel", "asymmetric")
        rounding = node.attribute("nearest_mode", "round_prefer_floor")
        if (where == "asymmetric" and rounding == "floor") or (where == "half_pixel" and grows and "round" in rounding):
            return 'mode="nearest"'
    kinds = {1: "linear", 2: "bilinear", 3: "trilinear"} if mode == "linear" else {2: "bicubic"}
    if mode in ("linear", "cubic") and dims in kinds and node.attribute("cubic_coeff_a", -0.75) == -0.75:
        if where in ("half_pixel", "pytorch_half_pixel"):
            return f'mode="{kinds[dims]}"'
        if where == "align_corners":
            return f'mode="{kinds[dims]}", align_corners=True'
    raise CannotPort(f"mode {mode} with {where} and {node.attribute('nearest_mode', 'no rounding')} is not supported")


def _factor(before: object, after: object) -> int | float | None:
    if not (isinstance(before, int) and isinstance(after, int)):
        return None
    return after // before if after % before == 0 else after / before


OPERATORS = {
    "ArgMax": arg("argmax"),
    "ArgMin": arg("argmin"),
    "AveragePool": average_pool,
    "GlobalAveragePool": whole("adaptive_avg_pool"),
    "GlobalMaxPool": whole("adaptive_max_pool"),
    "LRN": local_response,
    "LpNormalization": lp_normalization,
    "MaxPool": max_pool,
    "ReduceL1": reduction("ops.norm({x}, p=1, dim={dim}{keepdim})"),
    "ReduceL2": reduction("ops.norm({x}, p=2, dim={dim}{keepdim})"),
    "ReduceLogSumExp": reduction("ops.logsumexp({x}, dim={dim}{keepdim})"),
    "ReduceMax": reduction("ops.amax({x}, dim={dim}{keepdim})"),
    "ReduceMean": reduction("ops.mean({x}, dim={dim}{keepdim})"),
    "ReduceMin": reduction("ops.amin({x}, dim={dim}{keepdim})"),
    "ReduceProd": reduction("ops.prod({x}, dim={dim}{keepdim})"),
    "ReduceSum": reduction("ops.sum({x}, dim={dim}{keepdim})"),
    "ReduceSumSquare": reduction("ops.sum({x}.sqr(), dim={dim}{keepdim})"),
    "Resize": resize,
    "TopK": top_k,
}
