"""Writes down what a model does to an image: see `graph`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import jittor as jt
import numpy as np

from jtmigrate.parity import nn
from jtmigrate.parity.compiled.graph import (
    Activation,
    Affine,
    Bilinear,
    Conv,
    Input,
    MaxPool,
    Node,
    NotCompilable,
    Symbol,
)


def trace(model: nn.Module, shape: tuple[int, int, int, int]) -> tuple[Input, Any]:
    """The image's node, and what `model` makes of images of this shape: a Symbol, or a list or tuple of such.

    The model is left as it was. Raises NotCompilable, naming the module, where it does something unknown.
    """
    image = Input((), shape[1:])
    with _written_down(model):
        return image, model(Symbol(shape[0], (image,)))


@contextmanager
def _written_down(model: nn.Module) -> Iterator[None]:
    """Within it, layers answer with their operation."""
    changed = []
    try:
        for name, module in model.named_modules():
            if layer := LAYERS.get(type(module)):
                vars(module)["execute"] = _answer(layer, module, name)
                changed.append(module)
            elif not module.children():
                vars(module)["execute"] = _refuse(module, name)
                changed.append(module)
        yield
    finally:
        for module in changed:
            del vars(module)["execute"]


def _answer(layer: Callable[[Any, Node], Node], module: nn.Module, name: str) -> Callable[[Symbol], Symbol]:
    def execute(x: Symbol) -> Symbol:
        try:
            return x.of(layer(module, x.node))
        except NotCompilable as error:
            raise NotCompilable(f"{name}: {error}") from error

    return execute


def _refuse(module: nn.Module, name: str) -> Callable[..., Any]:
    def execute(*_: Any, **__: Any) -> Any:
        raise NotCompilable(f"{name}: no operation for {type(module).__name__}")

    return execute


def _conv(module: nn.Conv2d, x: Node) -> Node:
    (stride, across), padding, kernel = module.stride, module.padding, module.kernel_size
    if padding == "valid":
        padding = (0, 0)
    if padding == "same" and stride == across == 1 and all(taps % 2 for taps in kernel):
        padding = tuple(taps // 2 for taps in kernel)
    plain = module.padding_mode == "zeros" and set(module.dilation) == {1} and stride == across
    if not plain or isinstance(padding, str) or padding[0] != padding[1]:
        raise NotCompilable("a convolution with dilation, other than zeros around, or different in both directions")
    weight, bias = _array(module.weight), module.bias
    size = tuple((side + 2 * padding[0] - taps) // stride + 1 for side, taps in zip(x.shape[1:], kernel, strict=True))
    return Conv(
        (x,), (module.out_channels, *size), weight,
        np.zeros(module.out_channels) if bias is None else _array(bias),
        stride, padding[0], module.groups,
    )  # fmt: skip


def _batch_norm(module: nn.BatchNorm2d, x: Node) -> Node:
    if module.is_training() or module.running_mean is None:
        raise NotCompilable("a normalisation by the batch's own statistics: call eval() first")
    mean, var = _array(module.running_mean), _array(module.running_var)
    scale = 1 / np.sqrt(var + module.eps)
    if module.weight is not None:
        scale = scale * _array(module.weight)
    shift = -mean * scale
    return Affine((x,), x.shape, scale, shift if module.bias is None else shift + _array(module.bias))


def _max_pool(module: nn.MaxPool2d, x: Node) -> Node:
    pairs = [_pair(value) for value in (module.kernel_size, module.stride or module.kernel_size, module.padding)]
    if module.ceil_mode or module.return_indices or _pair(module.dilation) != (1, 1) or any(a != b for a, b in pairs):
        raise NotCompilable("a pool with dilation, ceil_mode, indices, or different in both directions")
    (taps, _), (stride, _), (padding, _) = pairs
    size = tuple((side + 2 * padding - taps) // stride + 1 for side in x.shape[1:])
    return MaxPool((x,), (x.shape[0], *size), taps, stride, padding)


def _upsample(module: nn.Upsample, x: Node) -> Node:
    factors = _pair(module.scale_factor) if module.scale_factor else (0, 0)
    if module.mode != "bilinear" or module.align_corners or not all(f > 0 and f == int(f) for f in factors):
        raise NotCompilable("an Upsample that is not bilinear by a whole factor")
    size = (int(side * factor) for side, factor in zip(x.shape[1:], factors, strict=True))
    return Bilinear((x,), (x.shape[0], *size))


def _identity(_: nn.Module, x: Node) -> Node:
    return x


def _activation(kind: str) -> Callable[[Any, Node], Node]:
    return lambda module, x: Activation((x,), x.shape, kind, getattr(module, "negative_slope", 0.0))


LAYERS: dict[type, Callable[[Any, Node], Node]] = {
    nn.Conv2d: _conv,
    nn.BatchNorm2d: _batch_norm,
    nn.MaxPool2d: _max_pool,
    nn.Upsample: _upsample,
    nn.Identity: _identity,
    nn.Dropout: _identity,
    nn.LeakyReLU: _activation("leaky_relu"),
    nn.ReLU: _activation("leaky_relu"),
    nn.ReLU6: _activation("relu6"),
    nn.Hardswish: _activation("hardswish"),
    nn.Hardsigmoid: _activation("hardsigmoid"),
    nn.Sigmoid: _activation("sigmoid"),
    nn.SiLU: _activation("silu"),
}


def _pair(value: Any) -> tuple[Any, Any]:
    return (value, value) if isinstance(value, int | float) else tuple(value)


def _array(var: jt.Var) -> np.ndarray:
    return var.numpy().astype(np.float64)


def nodes_of(outputs: Any) -> list[Node]:
    """Every node that the outputs need, inputs first."""
    found: dict[int, Node] = {}

    def visit(node: Node) -> None:
        if id(node) not in found:
            for given in node.inputs:
                visit(given)
            found[id(node)] = node

    for node in chain.from_iterable(symbol.nodes for symbol in outputs):
        visit(node)
    return list(found.values())
