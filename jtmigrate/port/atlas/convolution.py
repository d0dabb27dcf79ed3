"""Convolutions."""

from jtmigrate.port.atlas.entry import Entry, Kind

ENTRIES = (
    Entry(
        "torch.nn.Conv1d",
        Kind.MODULE,
        (
            "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, "
            'bias=True, padding_mode="zeros", device=None, dtype=None'
        ),
        "jtmigrate.parity.nn.Conv1d",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.Conv2d",
        Kind.MODULE,
        (
            "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, "
            'bias=True, padding_mode="zeros", device=None, dtype=None'
        ),
        "jtmigrate.parity.nn.Conv2d",
        ignored=("device",),
        only={"dtype": (None,)},
        differs="no padding='same', padding_mode, sizes in a list, or images without a batch",
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.Conv3d",
        Kind.MODULE,
        (
            "in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, "
            'bias=True, padding_mode="zeros", device=None, dtype=None'
        ),
        "jtmigrate.parity.nn.Conv3d",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.ConvTranspose1d",
        Kind.MODULE,
        (
            "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, "
            'bias=True, dilation=1, padding_mode="zeros", device=None, dtype=None'
        ),
        "jtmigrate.parity.nn.ConvTranspose1d",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.ConvTranspose2d",
        Kind.MODULE,
        (
            "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, "
            'bias=True, dilation=1, padding_mode="zeros", device=None, dtype=None'
        ),
        "jtmigrate.parity.nn.ConvTranspose2d",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.ConvTranspose3d",
        Kind.MODULE,
        (
            "in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, "
            'bias=True, dilation=1, padding_mode="zeros", device=None, dtype=None'
        ),
        "jtmigrate.parity.nn.ConvTranspose3d",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.LazyConv1d",
        Kind.MODULE,
        (
            "out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
            'padding_mode="zeros", device=None, dtype=None'
        ),
        advice="give the number of channels: jtmigrate.parity.nn.Conv1d",
        untested="there is no counterpart",
    ),
    Entry(
        "torch.nn.LazyConv2d",
        Kind.MODULE,
        (
            "out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
            'padding_mode="zeros", device=None, dtype=None'
        ),
        advice="give the number of channels: jtmigrate.parity.nn.Conv2d",
        untested="there is no counterpart",
    ),
    Entry(
        "torch.nn.LazyConv3d",
        Kind.MODULE,
        (
            "out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
            'padding_mode="zeros", device=None, dtype=None'
        ),
        advice="give the number of channels: jtmigrate.parity.nn.Conv3d",
        untested="there is no counterpart",
    ),
    Entry(
        "torch.nn.LazyConvTranspose2d",
        Kind.MODULE,
        (
            "out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, "
            'dilation=1, padding_mode="zeros", device=None, dtype=None'
        ),
        advice="give the number of channels: jtmigrate.parity.nn.ConvTranspose2d",
        untested="there is no counterpart",
    ),
    Entry(
        "torch.nn.functional.conv1d",
        Kind.FUNCTION,
        "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1",
        "jtmigrate.parity.functional.conv1d",
    ),
    Entry(
        "torch.nn.functional.conv2d",
        Kind.FUNCTION,
        "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1",
        "jtmigrate.parity.functional.conv2d",
    ),
    Entry(
        "torch.nn.functional.conv3d",
        Kind.FUNCTION,
        "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1",
        "jtmigrate.parity.functional.conv3d",
    ),
    Entry(
        "torch.nn.functional.conv_transpose1d",
        Kind.FUNCTION,
        "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1",
        "jtmigrate.parity.functional.conv_transpose1d",
    ),
    Entry(
        "torch.nn.functional.conv_transpose2d",
        Kind.FUNCTION,
        "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1",
        "jtmigrate.parity.functional.conv_transpose2d",
    ),
    Entry(
        "torch.nn.functional.conv_transpose3d",
        Kind.FUNCTION,
        "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1",
        "jtmigrate.parity.functional.conv_transpose3d",
    ),
)
