"""NanoDet-Plus written down as the tensors it consists of: names, shapes, dtypes and initial values.

Nothing here computes. Reading it top to bottom gives PyTorch's state dict of the original, in its order, so that a
checkpoint can be checked, and a model initialised, where no framework is installed.
"""

from collections.abc import Mapping
from typing import NamedTuple

from nanodet_common.config import ArchConfig, AuxHeadConfig, BackboneConfig, HeadConfig, NeckConfig
from nanodet_common.errors import InputError

STAGE_REPEATS = (4, 8, 4)
"""Blocks of ShuffleNetV2's stages 2, 3 and 4."""

CLASS_BIAS = -4.595
"""Logit of probability 0.01: a fresh detector finds nothing, or the many empty cells would dominate the first loss."""


class Constant(NamedTuple):
    """Every element is `value`."""

    value: float


class Normal(NamedTuple):
    """Normal distribution around zero."""

    std: float


class Uniform(NamedTuple):
    """Uniform distribution in [-bound, bound]."""

    bound: float


class Arange(NamedTuple):
    """0, 1, 2, ..."""


class Spec(NamedTuple):
    """One tensor. `dtype` is a numpy dtype name, `init` how its values start."""

    shape: tuple[int, ...]
    dtype: str
    init: Constant | Normal | Uniform | Arange


Specs = dict[str, Spec]
"""Name relative to a module -> spec, in the order of the state dict."""

ACTIVATION: Specs = {}
"""A module without tensors: it only takes a number in a sequence."""


def tensor_specs(arch: ArchConfig, *, training: bool) -> Specs:
    """Every entry of the state dict, in PyTorch's order.

    training: with the auxiliary branch (`aux_fpn`, `aux_head`), which the inference model does not have.
    """
    neck = ghost_pan(arch.fpn)
    modules = {"backbone": shufflenet_v2(arch.backbone), "fpn": neck, "head": nanodet_plus_head(arch.head)}
    if training:
        modules |= {"aux_fpn": neck, "aux_head": simple_conv_head(arch.aux_head)}
    return nest(modules)


def num_classes_of(shapes: Mapping[str, tuple[int, ...]], reg_max: int) -> int:
    """Number of classes of a checkpoint, from the shapes of its tensors by name.

    The head predicts, for every cell, the classes and four distributions over 0 .. reg_max. Raises InputError where
    `head.gfl_cls.0.bias` is missing or too short for that.
    """
    name = "head.gfl_cls.0.bias"
    if name not in shapes:
        raise InputError(f"no tensor {name!r}: not the weights of a NanoDet-Plus detector")
    distances = 4 * (reg_max + 1)
    outputs = shapes[name][0] if len(shapes[name]) == 1 else 0
    if outputs <= distances:
        raise InputError(
            f"{name!r} has shape {tuple(shapes[name])}, expected ({distances} + number of classes,): "
            f"not a NanoDet-Plus head of reg_max {reg_max}"
        )
    return outputs - distances


def shufflenet_v2(config: BackboneConfig) -> Specs:
    """The backbone (https://arxiv.org/abs/1807.11164)."""
    channels = config.stem_channels
    modules = {"conv1": sequence(backbone_conv(3, channels, 3), backbone_norm(channels), ACTIVATION)}
    for number, repeats, out_channels in zip((2, 3, 4), STAGE_REPEATS, config.stage_channels, strict=True):
        blocks = [downsampling_block(channels, out_channels)]
        blocks += [shuffle_block(out_channels)] * (repeats - 1)
        modules[f"stage{number}"] = sequence(*blocks)
        channels = out_channels
    return nest(modules)


def downsampling_block(in_channels: int, out_channels: int) -> Specs:
    """Stride 2: both branches see all channels."""
    half = out_channels // 2
    skip = sequence(
        backbone_conv(1, in_channels, 3),
        backbone_norm(in_channels),
        backbone_conv(in_channels, half, 1),
        backbone_norm(half),
        ACTIVATION,
    )
    return nest({"branch1": skip, "branch2": shuffle_branch(in_channels, half)})


def shuffle_block(channels: int) -> Specs:
    """Stride 1: one half of the channels passes untouched."""
    return nest({"branch2": shuffle_branch(channels // 2, channels // 2)})


def shuffle_branch(in_channels: int, out_channels: int) -> Specs:
    """Pointwise, depthwise, pointwise."""
    return sequence(
        backbone_conv(in_channels, out_channels, 1),
        backbone_norm(out_channels),
        ACTIVATION,
        backbone_conv(1, out_channels, 3),
        backbone_norm(out_channels),
        backbone_conv(out_channels, out_channels, 1),
        backbone_norm(out_channels),
        ACTIVATION,
    )


def ghost_pan(config: NeckConfig) -> Specs:
    """The neck: path aggregation (https://arxiv.org/abs/1803.01534) of ghost bottlenecks."""
    channels, kernel_size = config.out_channels, config.kernel_size
    steps = len(config.in_channels) - 1
    fusion = nest({"blocks": sequence(ghost_bottleneck(2 * channels, channels, kernel_size))})
    downsample = depthwise_block(channels, channels, kernel_size)
    return nest(
        {
            "reduce_layers": sequence(*(conv_block(width, channels) for width in config.in_channels)),
            "top_down_blocks": sequence(*[fusion] * steps),
            "downsamples": sequence(*[downsample] * steps),
            "bottom_up_blocks": sequence(*[fusion] * steps),
            "extra_lvl_in_conv": sequence(*[downsample] * config.num_extra_level),
            "extra_lvl_out_conv": sequence(*[downsample] * config.num_extra_level),
        }
    )


def ghost_bottleneck(in_channels: int, out_channels: int, kernel_size: int) -> Specs:
    """Two ghost modules and a depthwise separable shortcut (https://arxiv.org/abs/1911.11907)."""
    shortcut = sequence(
        conv(1, in_channels, kernel_size),
        batch_norm(in_channels),
        conv(in_channels, out_channels, 1),
        batch_norm(out_channels),
    )
    return nest(
        {
            "ghost1": ghost_module(in_channels, out_channels),
            "ghost2": ghost_module(out_channels, out_channels),
            "shortcut": shortcut,
        }
    )


def ghost_module(in_channels: int, out_channels: int) -> Specs:
    """Half of the channels by a pointwise convolution, the other half from these by a depthwise one."""
    half = out_channels // 2
    return nest(
        {
            "primary_conv": sequence(conv(in_channels, half, 1), batch_norm(half)),
            "cheap_operation": sequence(conv(1, half, 3), batch_norm(half)),
        }
    )


def nanodet_plus_head(config: HeadConfig) -> Specs:
    """The detector's head: a tower of depthwise separable blocks a level, classes and distances in one output."""
    channels = config.feat_channels
    widths = [config.input_channel] + [channels] * (config.stacked_convs - 1)
    tower = sequence(*(depthwise_block(width, channels, config.kernel_size, Normal(0.01)) for width in widths))
    predict = predictor(channels, config.num_classes + 4 * (config.reg_max + 1), 1, bias=CLASS_BIAS)
    return nest(
        {
            "distribution_project": {"project": Spec((config.reg_max + 1,), "float32", Arange())},
            "cls_convs": sequence(*[tower] * len(config.strides)),
            "gfl_cls": sequence(*[predict] * len(config.strides)),
        }
    )


def simple_conv_head(config: AuxHeadConfig) -> Specs:
    """The auxiliary head: a tower for classes and one for distances, shared by the levels but for a scale."""
    channels = config.feat_channels
    widths = [config.input_channel] + [channels] * (config.stacked_convs - 1)
    block = group_norm_depthwise_block if config.conv_type == "DWConv" else group_norm_block
    tower = sequence(*(block(width, channels) for width in widths))
    return nest(
        {
            "cls_convs": tower,
            "reg_convs": tower,
            "gfl_cls": predictor(channels, config.num_classes, 3, bias=CLASS_BIAS),
            "gfl_reg": predictor(channels, 4 * (config.reg_max + 1), 3, bias=0.0),
            "scales": sequence(*[{"scale": Spec((), "float32", Constant(1.0))}] * len(config.strides)),
        }
    )


def conv_block(in_channels: int, out_channels: int) -> Specs:
    """Pointwise convolution and BatchNorm."""
    pointwise = conv(in_channels, out_channels, 1, he_normal(out_channels, 1))
    return nest({"conv": pointwise, "bn": batch_norm(out_channels)})


def group_norm_block(in_channels: int, out_channels: int) -> Specs:
    """3 x 3 convolution and GroupNorm."""
    return nest({"conv": conv(in_channels, out_channels, 3, Normal(0.01)), "gn": affine(out_channels)})


def group_norm_depthwise_block(in_channels: int, out_channels: int) -> Specs:
    """3 x 3 depthwise separable convolution with a GroupNorm for each half."""
    return nest(
        {
            "depthwise": conv(1, in_channels, 3, Normal(0.01)),
            "pointwise": conv(in_channels, out_channels, 1, Normal(0.01)),
            "dwnorm": affine(in_channels),
            "pwnorm": affine(out_channels),
        }
    )


def depthwise_block(in_channels: int, out_channels: int, kernel_size: int, init: Normal | None = None) -> Specs:
    """Depthwise separable convolution with a BatchNorm for each half."""
    return nest(
        {
            "depthwise": conv(1, in_channels, kernel_size, init or he_normal(in_channels, kernel_size)),
            "pointwise": conv(in_channels, out_channels, 1, init or he_normal(out_channels, 1)),
            "dwnorm": batch_norm(in_channels),
            "pwnorm": batch_norm(out_channels),
        }
    )


def backbone_conv(in_channels: int, out_channels: int, kernel_size: int) -> Specs:
    """Convolution without bias, with the backbone's own initial values; in_channels as in `conv`."""
    return conv(in_channels, out_channels, kernel_size, Normal(1.0 / in_channels))


def backbone_norm(channels: int) -> Specs:
    """BatchNorm with the backbone's own initial shift."""
    return batch_norm(channels, bias=0.0001)


def conv(in_channels: int, out_channels: int, kernel_size: int, init: Normal | Uniform | None = None) -> Specs:
    """Convolution without bias. in_channels: those one filter sees (1 if depthwise). init: None is PyTorch's own."""
    init = init or Uniform((in_channels * kernel_size**2) ** -0.5)
    return {"weight": Spec((out_channels, in_channels, kernel_size, kernel_size), "float32", init)}


def predictor(in_channels: int, out_channels: int, kernel_size: int, *, bias: float) -> Specs:
    """Convolution with bias at the end of a head."""
    weight = conv(in_channels, out_channels, kernel_size, Normal(0.01))
    return weight | {"bias": Spec((out_channels,), "float32", Constant(bias))}


def affine(channels: int, *, bias: float = 0.0) -> Specs:
    """Scale and shift of a normalisation."""
    return {
        "weight": Spec((channels,), "float32", Constant(1.0)),
        "bias": Spec((channels,), "float32", Constant(bias)),
    }


def batch_norm(channels: int, *, bias: float = 0.0) -> Specs:
    """BatchNorm with PyTorch's buffers."""
    return affine(channels, bias=bias) | {
        "running_mean": Spec((channels,), "float32", Constant(0.0)),
        "running_var": Spec((channels,), "float32", Constant(1.0)),
        "num_batches_tracked": Spec((), "int64", Constant(0)),
    }


def he_normal(out_channels: int, kernel_size: int) -> Normal:
    """He et al., 2015 (https://arxiv.org/abs/1502.01852), by fan-out. Groups are not considered, as in PyTorch."""
    return Normal((2.0 / (out_channels * kernel_size**2)) ** 0.5)


def sequence(*modules: Specs) -> Specs:
    """Modules numbered in order, as `nn.Sequential` and `nn.ModuleList` do."""
    return nest({str(index): module for index, module in enumerate(modules)})


def nest(modules: Mapping[str, Specs]) -> Specs:
    """Put every module's tensors under its name."""
    return {f"{module}.{name}": spec for module, specs in modules.items() for name, spec in specs.items()}
