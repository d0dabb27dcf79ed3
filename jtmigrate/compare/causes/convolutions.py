"""Convolutions and linear layers, recomputed with something else: what reproduces the answer is what the port does."""

from itertools import product

import numpy as np

from jtmigrate.compare.causes.settings import experiments_of, with_setting
from jtmigrate.compare.emulation.windows import sizes
from jtmigrate.compare.experiment import Experiment
from jtmigrate.compare.suspect import Suspect

CONVOLUTIONS = ("Conv", "ConvTranspose")
WEIGHTED = (*CONVOLUTIONS, "Linear")
WINDOWED = (*CONVOLUTIONS, "MaxPool", "AvgPool")
LARGEST = 4
"""Sizes of windows are tried up to here."""
NORMS = ("BatchNorm", "SyncBatchNorm", "InstanceNorm", "GroupNorm", "LayerNorm")


def bias_left_out(suspect: Suspect) -> str:
    """The answer is the one without the bias, although the layer may have it: missing bias."""
    for experiment in experiments_of(suspect, (*WEIGHTED, *NORMS)):
        if "bias" in experiment.state and experiment.explained_by(experiment.compute_without("bias")):
            return "it does not add its bias: the answer is that of the layer with a missing bias"
    return ""


def bias_added_twice(suspect: Suspect) -> str:
    """The answer is the one with twice the bias."""
    for experiment in experiments_of(suspect, WEIGHTED):
        if "bias" in experiment.state:
            doubled = {**experiment.state, "bias": 2 * experiment.state["bias"]}
            if experiment.explained_by(experiment.compute(state=doubled)):
                return "it adds its bias twice"
    return ""


def weight_used_transposed(suspect: Suspect) -> str:
    """A square weight is right but multiplied from the other side: x @ W instead of x @ W.T."""
    for experiment in experiments_of(suspect, WEIGHTED):
        turned = {**experiment.state, "weight": experiment.state["weight"].swapaxes(0, 1)}
        if experiment.explained_by(experiment.compute(state=turned)):
            return "it uses its weight transposed (output and input channels exchanged)"
    return ""


def kernel_flipped(suspect: Suspect) -> str:
    """A kernel turned by 180 degrees, or its height and width exchanged: convolution instead of correlation."""
    for experiment in experiments_of(suspect, CONVOLUTIONS):
        weight = experiment.state["weight"]
        spatial = tuple(range(2, weight.ndim))
        if experiment.explained_by(experiment.compute(state={**experiment.state, "weight": np.flip(weight, spatial)})):
            return "its kernel is flipped: a convolution in the mathematical sense instead of a correlation"
        if weight.ndim == 4 and experiment.explained_by(
            experiment.compute(state={**experiment.state, "weight": weight.swapaxes(2, 3)})
        ):
            return "its kernel is transposed: height and width are exchanged"
    return ""


def input_channels_reversed(suspect: Suspect) -> str:
    """The layer sees its input channels in reverse: BGR instead of RGB."""
    for experiment in experiments_of(suspect, (*CONVOLUTIONS, "Linear")):
        axis = 1 if suspect.kind in CONVOLUTIONS else -1
        if experiment.explained_by(experiment.compute(inputs=[np.flip(experiment.inputs[0], axis)])):
            rgb = ": BGR instead of RGB" if experiment.inputs[0].shape[axis] == 3 else ""
            return f"it sees its input channels in reverse order{rgb}"
    return ""


def padding_mode(suspect: Suspect) -> str:
    """What a convolution sees beyond the border: zeros, a mirror image, the border's values, the other side."""
    return with_setting(suspect, ("Conv",), "padding_mode", ("zeros", "reflect", "replicate", "circular"))


def window(suspect: Suspect) -> str:
    """Another kernel size, stride, padding or dilation of a convolution or pool."""
    for experiment in experiments_of(suspect, WINDOWED)[:1]:
        for setting in ("stride", "padding", "dilation", "kernel_size"):
            fixed = setting == "kernel_size" and "weight" in experiment.state
            if not fixed and (told := with_setting(suspect, WINDOWED, setting, _sizes(setting, experiment))):
                return told
    return ""


def dilation_and_padding(suspect: Suspect) -> str:
    """Another dilation together with the padding that keeps the shape."""
    for experiment in experiments_of(suspect, ("Conv",)):
        kernel = experiment.state["weight"].shape[2:]
        for dilation in (1, 2, 3, 4):
            settings = {"dilation": dilation, "padding": tuple(dilation * (size - 1) // 2 for size in kernel)}
            if experiment.explained_by(experiment.compute(settings=settings)):
                return f"its dilation is {dilation} and its padding {settings['padding']}, not the reference's"
    return ""


HYPOTHESES = (
    bias_left_out,
    bias_added_twice,
    weight_used_transposed,
    kernel_flipped,
    input_channels_reversed,
    padding_mode,
    window,
    dilation_and_padding,
)


def _sizes(setting: str, experiment: Experiment) -> list[tuple[int, ...]]:
    """Values that a setting of windows might have, for every spatial dimension: those that give the answer's shape."""
    size = experiment.inputs[0].shape[2:]
    lowest = 0 if setting == "padding" else 1
    values = product(range(lowest, LARGEST + 1), repeat=len(size)) if len(size) < 3 else ()
    exactly = experiment.kind != "ConvTranspose" and not experiment.settings.get("ceil_mode", False)
    wanted = experiment.answer.shape[2:]
    return [value for value in values if not exactly or _shape(experiment, setting, value) == wanted]


def _shape(experiment: Experiment, setting: str, value: tuple[int, ...]) -> tuple[int, ...]:
    """Positions of the windows of a convolution or pool with a setting changed."""
    settings = {**experiment.settings, setting: value}
    size = experiment.inputs[0].shape[2:]
    spatial = len(size)
    weight = experiment.state.get("weight")
    kernel = sizes(settings, "kernel_size", spatial, 1) if weight is None else weight.shape[2:]
    if isinstance(settings.get("padding", 0), str):
        return experiment.answer.shape[2:]
    stride = sizes(settings, "stride", spatial, kernel if weight is None else 1)
    each = (kernel, stride, sizes(settings, "padding", spatial, 0), sizes(settings, "dilation", spatial, 1))
    return tuple(
        (length + 2 * padding - dilation * (taps - 1) - 1) // step + 1
        for length, taps, step, padding, dilation in zip(size, *each, strict=True)
    )
