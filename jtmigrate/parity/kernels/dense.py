"""Gradients of dense convolutions by oneDNN; `jtmigrate.parity.convolution` computes the convolutions by them too."""

from collections.abc import Sequence
from functools import cache

import jittor as jt

from jtmigrate.parity import kernels
from jtmigrate.parity.kernels.call import call
from jtmigrate.runtime import onednn
from jtmigrate.runtime.home import jittor_cache

SIZES = ("stride_down", "stride_across", "padding_down", "padding_across", "dilation_down", "dilation_across")
CONVOLUTION = """
const kernels::Convolution convolution{
    @image_shape0, @image_shape1, @image_shape2, @image_shape3, @result_shape1, @result_shape2, @result_shape3,
    @weight_shape2, @weight_shape3,
    long(data["stride_down"]), long(data["stride_across"]), long(data["padding_down"]), long(data["padding_across"]),
    long(data["dilation_down"]), long(data["dilation_across"])};
"""
TURN = "kernels::turn(in0_p, out0_p, in0_shape0, in0_shape1, in0_shape2 * in0_shape3);"
BY_X = CONVOLUTION + "kernels::dense_by_x(in0_p, in1_p, out0_p, convolution);"
BACKWARD = CONVOLUTION + "kernels::dense_backward(in0_p, in1_p, in2_p, out0_p, out1_p, convolution);"

Pair = tuple[int, int]
Window = tuple[Pair, Pair, Pair]
"""Stride, padding, dilation."""


def apply_to(*inputs: jt.Var) -> bool:
    """Whether these are computed here: oneDNN has to lie where `jtmigrate.runtime` puts it."""
    return kernels.apply_to(*inputs) and _is_here()


@cache
def _is_here() -> bool:
    return onednn.is_complete(onednn.folder(jittor_cache()))


def turned(weight: jt.Var) -> jt.Var:
    """(O, I, KH, KW) -> (I, O, KH, KW), each kernel turned by 180 degrees; without gradient.

    Layers that share a weight turn it once: the result stands on the Var, with the id that an assignment changes.
    """
    if getattr(weight, "turned", (None,))[0] != weight.id:
        outputs, inputs, *taps = weight.shape
        weight.turned = weight.id, call([(inputs, outputs, *taps)], [weight.detach()], "turning", TURN)[0]
    return weight.turned[1]


def by_x(weight: jt.Var, dy: jt.Var, image: Pair, window: Window) -> jt.Var:
    """weight (O, I, KH, KW), dy (N, O, OH, OW) -> (N, I, *image)."""
    shape = (dy.shape[0], weight.shape[1], *image)
    return _call([shape], [weight, dy], BY_X, {"@weight": "in0", "@result": "in1", "@image": "out0"}, window)[0]


def backward(x: jt.Var, weight: jt.Var, dy: jt.Var, window: Window) -> tuple[jt.Var, jt.Var]:
    """x (N, I, H, W), weight (O, I, KH, KW), dy (N, O, OH, OW) -> the gradients by x and by weight."""
    names = {"@image": "in0", "@weight": "in1", "@result": "in2"}
    return tuple(_call([x.shape, weight.shape], [x, weight, dy], BACKWARD, names, window))


def _call(
    shapes: Sequence[Sequence[int]], inputs: list[jt.Var], source: str, names: dict[str, str], window: Window
) -> list[jt.Var]:
    for name, pointer in names.items():
        source = source.replace(name, pointer)
    numbers = dict(zip(SIZES, (number for pair in window for number in pair), strict=True))
    outputs = call(shapes, inputs, "dense", source, **numbers)
    folder = onednn.folder(jittor_cache())
    outputs[0].compile_options = {f'FLAGS: -I"{folder}/include" -L"{folder}/lib" -lmkldnn ': 1}
    return outputs
