"""Pools."""

from jtmigrate.port.atlas.entry import Entry, Kind

ENTRIES = (
    Entry(
        "torch.nn.MaxPool1d",
        Kind.MODULE,
        "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False",
        "jtmigrate.parity.nn.MaxPool1d",
    ),
    Entry(
        "torch.nn.MaxPool2d",
        Kind.MODULE,
        "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False",
        "jtmigrate.parity.nn.MaxPool2d",
        differs=(
            "ceil_mode=True may add a row that starts in the padding (3 x 3, not 2 x 2); a window as "
            "large as the image raises; dilation asserts; nn.Pool(op='max') pads with 0"
        ),
    ),
    Entry(
        "torch.nn.MaxPool3d",
        Kind.MODULE,
        "kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False",
        "jtmigrate.parity.nn.MaxPool3d",
    ),
    Entry(
        "torch.nn.AvgPool1d",
        Kind.MODULE,
        "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True",
        "jtmigrate.parity.nn.AvgPool1d",
    ),
    Entry(
        "torch.nn.AvgPool2d",
        Kind.MODULE,
        "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None",
        "jtmigrate.parity.nn.AvgPool2d",
        differs="count_include_pad=False is ignored without ceil_mode (0.27 off); with ceil_mode 0.13 off",
    ),
    Entry(
        "torch.nn.AvgPool3d",
        Kind.MODULE,
        "kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None",
        "jtmigrate.parity.nn.AvgPool3d",
    ),
    Entry(
        "torch.nn.AdaptiveAvgPool1d",
        Kind.MODULE,
        "output_size",
        "jtmigrate.parity.nn.AdaptiveAvgPool1d",
    ),
    Entry(
        "torch.nn.AdaptiveAvgPool2d",
        Kind.MODULE,
        "output_size",
        "jtmigrate.parity.nn.AdaptiveAvgPool2d",
        differs=(
            "windows of equal stride: 0.94 off from 6 to 4 where the size does not divide; enlarging "
            "raises ZeroDivisionError"
        ),
    ),
    Entry(
        "torch.nn.AdaptiveAvgPool3d",
        Kind.MODULE,
        "output_size",
        "jtmigrate.parity.nn.AdaptiveAvgPool3d",
    ),
    Entry(
        "torch.nn.AdaptiveMaxPool1d",
        Kind.MODULE,
        "output_size, return_indices=False",
        "jtmigrate.parity.nn.AdaptiveMaxPool1d",
    ),
    Entry(
        "torch.nn.AdaptiveMaxPool2d",
        Kind.MODULE,
        "output_size, return_indices=False",
        "jtmigrate.parity.nn.AdaptiveMaxPool2d",
        differs="windows of equal stride: 1.52 off from 6 to 4 where the size does not divide",
    ),
    Entry(
        "torch.nn.AdaptiveMaxPool3d",
        Kind.MODULE,
        "output_size, return_indices=False",
        "jtmigrate.parity.nn.AdaptiveMaxPool3d",
    ),
    Entry(
        "torch.nn.LPPool1d",
        Kind.MODULE,
        "norm_type, kernel_size, stride=None, ceil_mode=False",
        "jtmigrate.parity.nn.LPPool1d",
    ),
    Entry(
        "torch.nn.LPPool2d",
        Kind.MODULE,
        "norm_type, kernel_size, stride=None, ceil_mode=False",
        "jtmigrate.parity.nn.LPPool2d",
    ),
    Entry(
        "torch.nn.MaxUnpool1d",
        Kind.MODULE,
        "kernel_size, stride=None, padding=0",
        advice="scatter the values at the indices into zeros: jittor.Var.scatter",
        untested="there is no counterpart",
    ),
    Entry(
        "torch.nn.MaxUnpool2d",
        Kind.MODULE,
        "kernel_size, stride=None, padding=0",
        advice="scatter the values at the indices into zeros: jittor.Var.scatter",
        untested="there is no counterpart",
    ),
    Entry(
        "torch.nn.FractionalMaxPool2d",
        Kind.MODULE,
        "kernel_size, output_size=None, output_ratio=None, return_indices=False",
        advice="its windows are random: use jtmigrate.parity.nn.AdaptiveMaxPool2d",
        untested="there is no counterpart",
    ),
    Entry(
        "torch.nn.functional.max_pool1d",
        Kind.FUNCTION,
        "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False",
        "jtmigrate.parity.functional.max_pool1d",
    ),
    Entry(
        "torch.nn.functional.max_pool2d",
        Kind.FUNCTION,
        "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False",
        "jtmigrate.parity.functional.max_pool2d",
    ),
    Entry(
        "torch.nn.functional.max_pool3d",
        Kind.FUNCTION,
        "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False",
        "jtmigrate.parity.functional.max_pool3d",
    ),
    Entry(
        "torch.nn.functional.avg_pool1d",
        Kind.FUNCTION,
        "input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True",
        "jtmigrate.parity.functional.avg_pool1d",
    ),
    Entry(
        "torch.nn.functional.avg_pool2d",
        Kind.FUNCTION,
        "input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None",
        "jtmigrate.parity.functional.avg_pool2d",
    ),
    Entry(
        "torch.nn.functional.avg_pool3d",
        Kind.FUNCTION,
        "input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None",
        "jtmigrate.parity.functional.avg_pool3d",
    ),
    Entry(
        "torch.nn.functional.adaptive_avg_pool1d",
        Kind.FUNCTION,
        "input, output_size",
        "jtmigrate.parity.functional.adaptive_avg_pool1d",
    ),
    Entry(
        "torch.nn.functional.adaptive_avg_pool2d",
        Kind.FUNCTION,
        "input, output_size",
        "jtmigrate.parity.functional.adaptive_avg_pool2d",
    ),
    Entry(
        "torch.nn.functional.adaptive_avg_pool3d",
        Kind.FUNCTION,
        "input, output_size",
        "jtmigrate.parity.functional.adaptive_avg_pool3d",
    ),
    Entry(
        "torch.nn.functional.adaptive_max_pool1d",
        Kind.FUNCTION,
        "input, output_size, return_indices=False",
        "jtmigrate.parity.functional.adaptive_max_pool1d",
    ),
    Entry(
        "torch.nn.functional.adaptive_max_pool2d",
        Kind.FUNCTION,
        "input, output_size, return_indices=False",
        "jtmigrate.parity.functional.adaptive_max_pool2d",
    ),
    Entry(
        "torch.nn.functional.adaptive_max_pool3d",
        Kind.FUNCTION,
        "input, output_size, return_indices=False",
        "jtmigrate.parity.functional.adaptive_max_pool3d",
    ),
    Entry(
        "torch.nn.functional.lp_pool1d",
        Kind.FUNCTION,
        "input, norm_type, kernel_size, stride=None, ceil_mode=False",
        "jtmigrate.parity.functional.lp_pool1d",
    ),
    Entry(
        "torch.nn.functional.lp_pool2d",
        Kind.FUNCTION,
        "input, norm_type, kernel_size, stride=None, ceil_mode=False",
        "jtmigrate.parity.functional.lp_pool2d",
    ),
    Entry(
        "torch.nn.functional.max_unpool2d",
        Kind.FUNCTION,
        "input, indices, kernel_size, stride=None, padding=0, output_size=None",
        advice="scatter the values at the indices into zeros: jittor.Var.scatter",
        untested="there is no counterpart",
    ),
)
