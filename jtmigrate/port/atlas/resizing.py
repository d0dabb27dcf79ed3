"""Padding, resizing, and what moves elements between channels and pixels."""

from jtmigrate.port.atlas.entry import Entry, Kind

ENTRIES = (
    Entry(
        "torch.nn.ConstantPad1d",
        Kind.MODULE,
        "padding, value",
        "jtmigrate.parity.nn.ConstantPad1d",
    ),
    Entry(
        "torch.nn.ConstantPad2d",
        Kind.MODULE,
        "padding, value",
        "jtmigrate.parity.nn.ConstantPad2d",
    ),
    Entry(
        "torch.nn.ConstantPad3d",
        Kind.MODULE,
        "padding, value",
        "jtmigrate.parity.nn.ConstantPad3d",
    ),
    Entry(
        "torch.nn.ZeroPad1d",
        Kind.MODULE,
        "padding",
        "jtmigrate.parity.nn.ZeroPad1d",
    ),
    Entry(
        "torch.nn.ZeroPad2d",
        Kind.MODULE,
        "padding",
        "jtmigrate.parity.nn.ZeroPad2d",
    ),
    Entry(
        "torch.nn.ZeroPad3d",
        Kind.MODULE,
        "padding",
        "jtmigrate.parity.nn.ZeroPad3d",
    ),
    Entry(
        "torch.nn.ReflectionPad1d",
        Kind.MODULE,
        "padding",
        "jtmigrate.parity.nn.ReflectionPad1d",
    ),
    Entry(
        "torch.nn.ReflectionPad2d",
        Kind.MODULE,
        "padding",
        "jtmigrate.parity.nn.ReflectionPad2d",
    ),
    Entry(
        "torch.nn.ReflectionPad3d",
        Kind.MODULE,
        "padding",
        "jtmigrate.parity.nn.ReflectionPad3d",
    ),
    Entry(
        "torch.nn.ReplicationPad1d",
        Kind.MODULE,
        "padding",
        "jtmigrate.parity.nn.ReplicationPad1d",
    ),
    Entry(
        "torch.nn.ReplicationPad2d",
        Kind.MODULE,
        "padding",
        "jtmigrate.parity.nn.ReplicationPad2d",
    ),
    Entry(
        "torch.nn.ReplicationPad3d",
        Kind.MODULE,
        "padding",
        "jtmigrate.parity.nn.ReplicationPad3d",
    ),
    Entry(
        "torch.nn.CircularPad1d",
        Kind.MODULE,
        "padding",
        "jtmigrate.parity.nn.CircularPad1d",
    ),
    Entry(
        "torch.nn.CircularPad2d",
        Kind.MODULE,
        "padding",
        "jtmigrate.parity.nn.CircularPad2d",
    ),
    Entry(
        "torch.nn.CircularPad3d",
        Kind.MODULE,
        "padding",
        "jtmigrate.parity.nn.CircularPad3d",
    ),
    Entry(
        "torch.nn.Upsample",
        Kind.MODULE,
        'size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None',
        "jtmigrate.parity.nn.Upsample",
        differs=(
            "the first positional argument is scale_factor; there is no size; a tuple of factors raises AttributeError"
        ),
    ),
    Entry(
        "torch.nn.UpsamplingNearest2d",
        Kind.MODULE,
        "size=None, scale_factor=None",
        "jtmigrate.parity.nn.UpsamplingNearest2d",
    ),
    Entry(
        "torch.nn.UpsamplingBilinear2d",
        Kind.MODULE,
        "size=None, scale_factor=None",
        "jtmigrate.parity.nn.UpsamplingBilinear2d",
    ),
    Entry(
        "torch.nn.PixelShuffle",
        Kind.MODULE,
        "upscale_factor",
        "jtmigrate.parity.nn.PixelShuffle",
    ),
    Entry(
        "torch.nn.PixelUnshuffle",
        Kind.MODULE,
        "downscale_factor",
        "jtmigrate.parity.nn.PixelUnshuffle",
    ),
    Entry(
        "torch.nn.ChannelShuffle",
        Kind.MODULE,
        "groups",
        "jtmigrate.parity.nn.ChannelShuffle",
    ),
    Entry(
        "torch.nn.Unfold",
        Kind.MODULE,
        "kernel_size, dilation=1, padding=0, stride=1",
        "jtmigrate.parity.nn.Unfold",
    ),
    Entry(
        "torch.nn.Fold",
        Kind.MODULE,
        "output_size, kernel_size, dilation=1, padding=0, stride=1",
        "jtmigrate.parity.nn.Fold",
    ),
    Entry(
        "torch.nn.functional.pad",
        Kind.FUNCTION,
        'input, pad, mode="constant", value=None',
        "jtmigrate.parity.functional.pad",
        differs="negative sizes are a C++ compile error",
    ),
    Entry(
        "torch.nn.functional.interpolate",
        Kind.FUNCTION,
        (
            'input, size=None, scale_factor=None, mode="nearest", align_corners=None, '
            "recompute_scale_factor=None, antialias=False"
        ),
        "jtmigrate.parity.functional.interpolate",
        only={"antialias": (False,)},
        differs=(
            "the default mode is bilinear; scale_factor=1.5 uses the ratio of sizes (0.91 off); a tuple"
            " of factors raises TypeError"
        ),
        advice="blur before making it smaller",
    ),
    Entry(
        "torch.nn.functional.upsample",
        Kind.FUNCTION,
        'input, size=None, scale_factor=None, mode="nearest", align_corners=None',
        "jtmigrate.parity.functional.interpolate",
    ),
    Entry(
        "torch.nn.functional.pixel_shuffle",
        Kind.FUNCTION,
        "input, upscale_factor",
        "jtmigrate.parity.functional.pixel_shuffle",
    ),
    Entry(
        "torch.nn.functional.pixel_unshuffle",
        Kind.FUNCTION,
        "input, downscale_factor",
        "jtmigrate.parity.functional.pixel_unshuffle",
    ),
    Entry(
        "torch.nn.functional.channel_shuffle",
        Kind.FUNCTION,
        "input, groups",
        "jtmigrate.parity.functional.channel_shuffle",
    ),
    Entry(
        "torch.nn.functional.unfold",
        Kind.FUNCTION,
        "input, kernel_size, dilation=1, padding=0, stride=1",
        "jtmigrate.parity.functional.unfold",
    ),
    Entry(
        "torch.nn.functional.fold",
        Kind.FUNCTION,
        "input, output_size, kernel_size, dilation=1, padding=0, stride=1",
        "jtmigrate.parity.functional.fold",
    ),
    Entry(
        "torch.nn.functional.grid_sample",
        Kind.FUNCTION,
        'input, grid, mode="bilinear", padding_mode="zeros", align_corners=None',
        "jittor.nn.grid_sample",
    ),
    Entry(
        "torch.nn.functional.affine_grid",
        Kind.FUNCTION,
        "theta, size, align_corners=None",
        "jittor.nn.affine_grid",
    ),
)
