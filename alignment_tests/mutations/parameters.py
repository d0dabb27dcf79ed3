"""Faults in what a port was loaded with."""

import jittor as jt
import numpy as np

from alignment_tests.mutations.fault import Draw, Fault, Mutation, changed
from jtmigrate.parity import nn

CONV = (nn.Conv2d,)
NORM = (nn.BatchNorm2d,)


def one_element(draw: Draw) -> Fault:
    path, size = draw.module(*CONV, *NORM), draw.floors_times()
    place = draw.index(draw.state[f"{path}.weight"].size)
    factor = 1 + size * draw.floors[path]

    def change(array: np.ndarray) -> np.ndarray:
        array.flat[place] *= factor
        return array

    return changed(path, f"weight element {place} x {factor:.7f}", size, weight=change)


def scaled(draw: Draw) -> Fault:
    path, size = draw.module(*CONV), draw.floors_times()
    factor = np.float32(1 + size * draw.floors[path])
    return changed(path, f"weight x {factor:.7f}", size, weight=lambda array: array * factor)


def through_float16(draw: Draw) -> Fault:
    path = draw.module(*CONV)
    return changed(path, "weight rounded to float16", weight=lambda array: array.astype(np.float16).astype(np.float32))


def through_bfloat16(draw: Draw) -> Fault:
    path = draw.module(*CONV)

    def cut(array: np.ndarray) -> np.ndarray:
        return (array.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)

    return changed(path, "weight cut to bfloat16", weight=cut)


def exchanged_channels(draw: Draw) -> Fault:
    path = draw.module(*CONV, where=lambda module: module.out_channels > 1)
    first = draw.index(draw.state[f"{path}.weight"].shape[0] - 1)

    def change(array: np.ndarray) -> np.ndarray:
        array[[first, first + 1]] = array[[first + 1, first]]
        return array

    return changed(path, f"output channels {first} and {first + 1} of weight exchanged", weight=change)


def neighbour_loaded(draw: Draw) -> Fault:
    """A key that a wrong rename has sent to its neighbour: the block of the same shape that comes next."""
    shapes = {path: draw.state[f"{path}.weight"].shape for path, m in draw.modules.items() if isinstance(m, nn.Conv2d)}
    paths = list(shapes)
    pairs = [(a, b) for i, a in enumerate(paths) for b in paths[i + 1 :] if shapes[a] == shapes[b]]
    path, other = draw.one_of(pairs)
    return changed(path, f"weight of {other}", weight=lambda array: draw.state[f"{other}.weight"])


def mirrored(draw: Draw) -> Fault:
    path = draw.module(*CONV, where=lambda module: module.kernel_size[0] > 1)
    return changed(path, "kernels mirrored", weight=lambda array: array[..., ::-1, ::-1])


def height_for_width(draw: Draw) -> Fault:
    path = draw.module(*CONV, where=lambda module: module.kernel_size[0] > 1)
    return changed(path, "kernels' height and width exchanged", weight=lambda array: array.swapaxes(2, 3))


def transposed(draw: Draw) -> Fault:
    path = draw.module(jt.nn.Linear, where=lambda module: module.in_features == module.out_features)
    return changed(path, "square weight transposed", weight=np.transpose)


def missing_bias(draw: Draw) -> Fault:
    path = draw.module(jt.nn.Linear, where=lambda module: module.bias is not None)
    return changed(path, "bias is never added", bias=np.zeros_like)


def scale_for_shift(draw: Draw) -> Fault:
    path = draw.module(*NORM)
    weight, bias = draw.state[f"{path}.weight"], draw.state[f"{path}.bias"]
    return changed(path, "weight and bias exchanged", weight=lambda _: bias, bias=lambda _: weight)


def opposite_sign(draw: Draw) -> Fault:
    return changed(draw.module(*CONV), "weight with the other sign", weight=np.negative)


def never_loaded(draw: Draw) -> Fault:
    path, seed = draw.module(*CONV), draw.index(1000)

    def fresh(array: np.ndarray) -> np.ndarray:
        bound = np.prod(array.shape[1:]) ** -0.5
        return np.random.default_rng(seed).uniform(-bound, bound, array.shape).astype(np.float32)

    return changed(path, "weight as it was constructed", weight=fresh)


def mean_never_loaded(draw: Draw) -> Fault:
    return changed(draw.module(*NORM), "running_mean as it was constructed", running_mean=np.zeros_like)


def deviation_for_variance(draw: Draw) -> Fault:
    return changed(draw.module(*NORM), "running_var holds the deviation", running_var=np.sqrt)


def gates_in_another_order(draw: Draw) -> Fault:
    """Input, forget, output, cell, as other libraries have it, for input, forget, cell, output."""

    def reorder(array: np.ndarray) -> np.ndarray:
        i, f, g, o = np.split(array, 4)
        return np.concatenate([i, f, o, g])

    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    layer = draw.index(2)
    return changed("lstm", f"gates of layer {layer} in another order", **{f"{n}_l{layer}": reorder for n in names})


def queries_for_keys(draw: Draw) -> Fault:
    def reorder(array: np.ndarray) -> np.ndarray:
        q, k, v = np.split(array, 3)
        return np.concatenate([k, q, v])

    return changed("attention.qkv", "keys before queries", weight=reorder, bias=reorder)


def words_off_by_one(draw: Draw) -> Fault:
    return changed("words", "every word has its neighbour's vector", weight=lambda array: np.roll(array, 1, axis=0))


MUTATIONS = (
    Mutation("transposed square weight", "parameters", "transformer", transposed, "transpos", rehearsed=True),
    Mutation("missing bias", "parameters", "transformer", missing_bias, "bias", rehearsed=True),
    Mutation("one element of a weight", "parameters", "detector", one_element, "parameter .*weight|element"),
    Mutation("scaled weight", "parameters", "detector", scaled, "parameter .*weight|factor|scale"),
    Mutation("weight through float16", "parameters", "detector", through_float16, "float16|half"),
    Mutation("weight through bfloat16", "parameters", "detector", through_bfloat16, "bfloat16"),
    Mutation("two channels exchanged", "parameters", "detector", exchanged_channels, "permut|order|exchang|swap"),
    Mutation("weight of another layer", "parameters", "detector", neighbour_loaded, "values of|another layer"),
    Mutation("mirrored kernels", "parameters", "detector", mirrored, "mirror|flip|rotat"),
    Mutation("height and width of kernels exchanged", "parameters", "detector", height_for_width, "transpos|width"),
    Mutation("BatchNorm scale for shift", "parameters", "detector", scale_for_shift, "exchang|swap|values of"),
    Mutation("opposite sign", "parameters", "detector", opposite_sign, "sign|negat|-1 times"),
    Mutation("weight never loaded", "parameters", "detector", never_loaded, "loaded|constructed|initial"),
    Mutation("running mean never loaded", "buffers", "detector", mean_never_loaded, "running_mean|loaded"),
    Mutation("deviation for variance", "buffers", "detector", deviation_for_variance, "running_var|root|squared"),
    Mutation("LSTM gates in another order", "parameters", "tagger", gates_in_another_order, "gate|order|permut"),
    Mutation("queries and keys exchanged", "parameters", "transformer", queries_for_keys, "order|permut|exchang|swap"),
    Mutation(
        "embedding off by one", "parameters", "transformer", words_off_by_one, "shift|roll|off by one|order|permut"
    ),
)
