"""Faults in what a port is fed, and in its arithmetic."""

from collections.abc import Callable

import jittor as jt
import numpy as np

from alignment_tests.mutations.fault import Draw, Fault, Mutation, computing, fed
from jtmigrate.parity import functional as F
from jtmigrate.parity import nn


def other_channel_order(draw: Draw) -> Fault:
    return fed("channels in the other order", lambda x: x[:, [2, 1, 0]])


def height_for_width(draw: Draw) -> Fault:
    return fed("height and width exchanged", lambda x: x.transpose(2, 3))


def mirrored(draw: Draw) -> Fault:
    return fed("mirrored", lambda x: x[:, :, :, ::-1])


def other_range(draw: Draw) -> Fault:
    return fed("divided by 255", lambda x: x * F.scalar(1 / 255, x))


def other_order_of_images(draw: Draw) -> Fault:
    return fed("images in another order", lambda x: x[[1, 0]])


def shifted_words(draw: Draw) -> Fault:
    return fed("words counted from 1", lambda tokens: (tokens + 1) % 20)


def not_a_number(draw: Draw) -> Fault:
    """As the logarithm or the root of what may be negative."""
    path = draw.module(nn.LeakyReLU)
    return computing(path, "root of its output", lambda module, execute: lambda x: jt.sqrt(execute(x)))


def infinite(draw: Draw) -> Fault:
    path = draw.module(nn.LeakyReLU)
    return computing(path, "divides by 0 where it is cut off", lambda module, execute: lambda x: execute(x) / (x > 0))


def weight_not_a_number(draw: Draw) -> Fault:
    path = draw.module(nn.Conv2d)
    place = draw.index(draw.state[f"{path}.weight"].size)

    def damage(module: nn.Conv2d, execute: Callable) -> Callable:
        array = module.weight.numpy().copy()
        array.flat[place] = np.nan
        module.weight.assign(jt.array(array))
        return execute

    return computing(path, f"weight element {place} is NaN", damage)


def variance_by_squares(draw: Draw) -> Fault:
    def compute(module: nn.BatchNorm2d, execute: Callable) -> Callable:
        def run(x: jt.Var) -> jt.Var:
            mean = x.mean(dims=(0, 2, 3), keepdims=True)
            var = (x * x).mean(dims=(0, 2, 3), keepdims=True) - mean * mean
            normal = (x - mean) / jt.sqrt(var + F.scalar(module.eps, x))
            return normal * F.per_channel(module.weight) + F.per_channel(module.bias)

        return run

    return computing("bn", "variance as E[x^2] - E[x]^2", compute)


def computed_in_float16(draw: Draw) -> Fault:
    path = draw.module(nn.Conv2d)
    return computing(
        path, "output through float16", lambda module, execute: lambda x: execute(x).float16().cast(x.dtype)
    )


def computed_in_float32(draw: Draw) -> Fault:
    path = draw.module(nn.Conv2d)
    return computing(
        path, "output through float32", lambda module, execute: lambda x: execute(x).float32().cast(x.dtype)
    )


def poor_in_float32(draw: Draw) -> Fault:
    """Right in float64; in float32 the outputs are off by a multiple of the noise floor, each by another amount."""
    path, size = draw.module(nn.Conv2d), draw.floors_times(highest=1e3)
    return computing(path, f"float32 off by {size:.0f} floors", noisy(size * draw.floors[path]), size=size)


def noisy(share: float) -> Callable[[jt.Module, Callable], Callable]:
    """Output off by up to `share` of its maximum, in float32 only."""

    def compute(module: jt.Module, execute: Callable) -> Callable:
        def run(x: jt.Var) -> jt.Var:
            y = execute(x)
            if str(y.dtype) == "float64":
                return y
            wave = jt.array(np.sin(np.arange(y.numel(), dtype=np.float32))).reshape(y.shape)
            return y + wave * (y.abs().max() * share)

        return run

    return compute


def slightly_off(draw: Draw) -> Fault:
    path, size = draw.module(nn.Conv2d, nn.BatchNorm2d, nn.LeakyReLU), draw.floors_times()
    factor = 1 + size * draw.floors[path]
    return computing(
        path, f"output x {factor:.7f}", lambda module, execute: lambda x: execute(x) * F.scalar(factor, x), size=size
    )


MUTATIONS = (
    Mutation("channel order", "data", "detector", other_channel_order, "BGR|RGB|channel", rehearsed=True),
    Mutation("input transposed", "data", "detector", height_for_width, "transpos|width"),
    Mutation("input mirrored", "data", "detector", mirrored, "mirror|flip"),
    Mutation("input of another range", "data", "detector", other_range, "range|factor|scaled"),
    Mutation("images in another order", "data", "detector", other_order_of_images, "order|batch|permut"),
    Mutation("words counted from one", "data", "transformer", shifted_words, "off by one|shift|index|indices"),
    Mutation("NaN from a root", "NaN", "detector", not_a_number, "NaN"),
    Mutation("infinity from a division", "NaN", "detector", infinite, "infinity"),
    Mutation("NaN in a weight", "NaN", "detector", weight_not_a_number, "NaN"),
    Mutation("variance by squares", "float32 only", "norm", variance_by_squares, "numerically|cancel"),
    Mutation("computed in float16", "float32 only", "detector", computed_in_float16, "float16|half"),
    Mutation("computed in float32", "float32 only", "detector", computed_in_float32, "float32"),
    Mutation("poor in float32", "float32 only", "detector", poor_in_float32, "numerically|float64 agrees"),
    Mutation("output slightly off", "layers", "detector", slightly_off, "factor|scale|times"),
)
