"""Layers of the right kind with the wrong arguments."""

from collections.abc import Callable

import jittor as jt

from alignment_tests.jtmigrate.models import transformer
from alignment_tests.jtmigrate.models.residual import JittorAverage
from alignment_tests.mutations.fault import Draw, Fault, Mutation, computing, configured
from jtmigrate.parity import functional as F
from jtmigrate.parity import nn


def slope(draw: Draw) -> Fault:
    return configured(draw.module(nn.LeakyReLU), "negative_slope 0.01 instead of 0.1", negative_slope=0.01)


def no_slope(draw: Draw) -> Fault:
    return configured(draw.module(nn.LeakyReLU), "ReLU instead of LeakyReLU", negative_slope=0.0)


def slope_in_float32(draw: Draw) -> Fault:
    """What a Python number becomes in Jittor: 0.1 rounded to float32, in a float64 run too."""
    return computing(
        draw.module(nn.LeakyReLU),
        "negative_slope rounded to float32",
        lambda module, execute: lambda x: jt.ternary(x > 0, x, x * module.negative_slope),
    )


def eps(draw: Draw) -> Fault:
    return configured(draw.module(nn.BatchNorm2d), "eps 1e-3 instead of 1e-5", eps=1e-3)


def layer_norm_eps(draw: Draw) -> Fault:
    return configured(draw.module(transformer.LayerNorm), "eps 1e-6 instead of 1e-5", eps=1e-6)


def groups(draw: Draw) -> Fault:
    return configured(draw.module(nn.GroupNorm), "3 groups instead of 2", num_groups=3)


def padded_by_its_edge(draw: Draw) -> Fault:
    def compute(module: nn.Conv2d, execute: Callable) -> Callable:
        by = module.padding[0]
        module.padding = (0, 0)
        return lambda x: execute(jt.nn.ReplicationPad2d(by)(x))

    path = draw.module(nn.Conv2d, where=lambda module: module.padding[0] == 1)
    return computing(path, "padded with its edge instead of zeros", compute)


def dilation(draw: Draw) -> Fault:
    path = draw.module(nn.Conv2d, where=lambda module: module.padding[0] == 1 and module.stride[0] == 1)
    return configured(path, "dilation and padding 2 instead of 1", dilation=(2, 2), padding=(2, 2))


def pool_padded_with_zeros(draw: Draw) -> Fault:
    pool = jt.nn.Pool(3, 2, 1, op="max")
    return computing("backbone.maxpool", "padded with 0 instead of -inf", lambda module, execute: pool)


def ceil_mode(draw: Draw) -> Fault:
    pool = jt.nn.Pool(3, 2, 1, op="maximum", ceil_mode=True)
    return computing("pool", "ceil_mode", lambda module, execute: pool)


def padding_counted(draw: Draw) -> Fault:
    average = jt.nn.AvgPool2d(3, stride=2, padding=1)
    path = draw.module(JittorAverage)
    return computing(path, "count_include_pad", lambda module, execute: average)


def enlarged(**how: object) -> Callable[[nn.Upsample, Callable], Callable]:
    def compute(module: nn.Upsample, execute: Callable) -> Callable:
        return lambda x: jt.nn.interpolate(x, size=(x.shape[2] * 2, x.shape[3] * 2), **how)

    return compute


def corners_aligned(draw: Draw) -> Fault:
    return computing(draw.module(nn.Upsample), "align_corners", enlarged(mode="bilinear", align_corners=True))


def nearest(draw: Draw) -> Fault:
    return computing(draw.module(nn.Upsample), "nearest instead of bilinear", enlarged(mode="nearest"))


def approximate_gelu(draw: Draw) -> Fault:
    def compute(module: transformer.GELU, execute: Callable) -> Callable:
        return lambda x: (
            x * 0.5 * (1 + jt.tanh((x + x * x * x * F.scalar(0.044715, x)) * F.scalar(0.7978845608028654, x)))
        )

    return computing("gelu", "the tanh approximation", compute)


def softmax_over_heads(draw: Draw) -> Fault:
    return configured("attention.softmax", "over dimension 1 instead of the last", dim=1)


def dropout_left_on(draw: Draw) -> Fault:
    return computing(
        "drop", "drops in evaluation too", lambda module, execute: lambda x: jt.nn.dropout(x, 0.1, is_train=True)
    )


def time_first(draw: Draw) -> Fault:
    """Stock Jittor: batch_first says how the input lies, not the output."""

    def compute(module: jt.nn.LSTM, execute: Callable) -> Callable:
        def run(x: jt.Var) -> tuple:
            y, state = execute(x)
            return y.permute(1, 0, 2), state

        return run

    return computing("lstm", "returns time before batch", compute)


MUTATIONS = (
    Mutation("LeakyReLU slope", "hyper-parameters", "detector", slope, "slope", rehearsed=True),
    Mutation("BatchNorm eps", "hyper-parameters", "detector", eps, r"\beps|epsilon", rehearsed=True),
    Mutation(
        "max pool padded with zeros", "hyper-parameters", "detector", pool_padded_with_zeros, "zero|pad", rehearsed=True
    ),
    Mutation("ReLU for LeakyReLU", "hyper-parameters", "detector", no_slope, "slope|ReLU"),
    Mutation("LayerNorm eps", "hyper-parameters", "transformer", layer_norm_eps, r"\beps|epsilon"),
    Mutation("GroupNorm groups", "hyper-parameters", "unet", groups, "group"),
    Mutation("convolution padded with its edge", "hyper-parameters", "detector", padded_by_its_edge, "pad"),
    Mutation("dilated convolution", "hyper-parameters", "detector", dilation, "dilat"),
    Mutation("pool with ceil_mode", "hyper-parameters", "resnet", ceil_mode, "ceil"),
    Mutation("average counts the padding", "hyper-parameters", "resnet", padding_counted, "count_include_pad|padding"),
    Mutation("corners aligned", "hyper-parameters", "detector", corners_aligned, "corners"),
    Mutation("nearest for bilinear", "hyper-parameters", "unet", nearest, "nearest|mode"),
    Mutation("GELU by tanh", "hyper-parameters", "transformer", approximate_gelu, "tanh|approx"),
    Mutation("softmax over another dimension", "hyper-parameters", "transformer", softmax_over_heads, r"\bdim|axis"),
    Mutation("dropout in evaluation", "hyper-parameters", "transformer", dropout_left_on, "dropout|drops|random"),
    Mutation(
        "LSTM with time first", "hyper-parameters", "tagger", time_first, "shape|batch_first|transpos|permut|order"
    ),
    Mutation("slope kept in float32", "float32 only", "detector", slope_in_float32, "float32"),
)
