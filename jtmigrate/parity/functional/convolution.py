"""Convolutions. Images (N, C, ...) or (C, ...), weights (O, C / groups, ...), transposed ones (C, O / groups, ...)."""

from collections.abc import Callable, Sequence

import jittor as jt

from jtmigrate.parity import convolution as kernels
from jtmigrate.parity.functional.numerics import repeated

Size = int | Sequence[int]


def conv1d(
    input: jt.Var,
    weight: jt.Var,
    bias: jt.Var | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> jt.Var:
    """Along one dimension: a 2-d one over images of height 1."""
    geometry = _geometry(input, weight, stride, padding, dilation, 1)
    flat = [(first, *values) for first, values in zip((1, 0, 1), geometry, strict=True)]
    y = conv2d(input.unsqueeze(-2), weight.unsqueeze(-2), bias, *flat, groups)
    return y.squeeze(-2)


def conv2d(
    input: jt.Var,
    weight: jt.Var,
    bias: jt.Var | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> jt.Var:
    """On the CPU faster than stock Jittor in float64, more accurate in float32."""

    def compute(x: jt.Var) -> jt.Var:
        geometry = _geometry(x, weight, stride, padding, dilation, 2)
        if jt.flags.use_cuda:
            return jt.nn.conv2d(x, weight, None, *geometry, groups)
        return kernels.conv2d(x, weight, kernels.Geometry(*geometry, groups))

    return _shifted(_batched(compute, input, 4), bias, 2)


def conv3d(
    input: jt.Var,
    weight: jt.Var,
    bias: jt.Var | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> jt.Var:
    """Along three dimensions. Stock Jittor's gradient fails with groups: each is convolved by itself."""

    def compute(x: jt.Var) -> jt.Var:
        geometry = _geometry(x, weight, stride, padding, dilation, 3)
        if groups == 1:
            return jt.nn.conv3d(x, weight, None, *geometry)
        parts = zip(x.chunk(groups, 1), weight.chunk(groups, 0), strict=True)
        return jt.concat([jt.nn.conv3d(*part, None, *geometry) for part in parts], dim=1)

    return _shifted(_batched(compute, input, 5), bias, 3)


def conv_transpose1d(
    input: jt.Var,
    weight: jt.Var,
    bias: jt.Var | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> jt.Var:
    """The gradient of conv1d by its image."""
    stride, padding, output_padding, dilation = (
        (first, *repeated(values, 1))
        for first, values in ((1, stride), (0, padding), (0, output_padding), (1, dilation))
    )
    y = conv_transpose2d(
        input.unsqueeze(-2), weight.unsqueeze(-2), bias, stride, padding, output_padding, groups, dilation
    )
    return y.squeeze(-2)


def conv_transpose2d(
    input: jt.Var,
    weight: jt.Var,
    bias: jt.Var | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> jt.Var:
    """The gradient of conv2d by its image."""
    return _transposed(
        jt.nn.conv_transpose, input, weight, bias, (stride, padding, output_padding, dilation), groups, 2
    )


def conv_transpose3d(
    input: jt.Var,
    weight: jt.Var,
    bias: jt.Var | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> jt.Var:
    """The gradient of conv3d by its image."""
    return _transposed(
        jt.nn.conv_transpose3d, input, weight, bias, (stride, padding, output_padding, dilation), groups, 3
    )


def _transposed(
    convolve: Callable[..., jt.Var],
    input: jt.Var,
    weight: jt.Var,
    bias: jt.Var | None,
    geometry: tuple[Size, Size, Size, Size],
    groups: int,
    dims: int,
) -> jt.Var:
    """Group after group: Jittor has no grouped one in three dimensions."""
    stride, padding, output_padding, dilation = (repeated(values, dims) for values in geometry)
    channels = weight.shape[0] // groups

    def compute(x: jt.Var) -> jt.Var:
        parts = [
            convolve(
                x[:, start : start + channels] if groups > 1 else x,
                weight[start : start + channels] if groups > 1 else weight,
                None,
                stride,
                padding,
                output_padding,
                1,
                dilation,
            )
            for start in range(0, weight.shape[0], channels)
        ]
        return parts[0] if groups == 1 else jt.concat(parts, 1)

    return _shifted(_batched(compute, input, dims + 2), bias, dims)


def _geometry(
    x: jt.Var, weight: jt.Var, stride: Size, padding: Size | str, dilation: Size, dims: int
) -> list[tuple[int, ...]]:
    """Stride, padding and dilation, one number a dimension. Raises ValueError for a padding that needs two."""
    stride, dilation = repeated(stride, dims), repeated(dilation, dims)
    if padding == "valid":
        padding = 0
    if padding == "same":
        total = [step * (taps - 1) for step, taps in zip(dilation, weight.shape[2:], strict=True)]
        if any(size % 2 for size in total) or any(step != 1 for step in stride):
            raise ValueError("padding='same' needs stride 1, and here a kernel of odd size")
        padding = [size // 2 for size in total]
    return [stride, repeated(padding, dims), dilation]


def _batched(compute: Callable[[jt.Var], jt.Var], x: jt.Var, ndim: int) -> jt.Var:
    """compute(x), for a single image as for a batch of one."""
    return compute(x) if x.ndim == ndim else compute(x.unsqueeze(0)).squeeze(0)


def _shifted(y: jt.Var, bias: jt.Var | None, dims: int) -> jt.Var:
    """y + bias, written out along the last dimension first: see `spread`."""
    if bias is None:
        return y
    values = bias.reshape((1,) * (y.ndim - dims - 1) + (-1,) + (1,) * dims)
    return y + values.broadcast((*values.shape[:-1], y.shape[-1]))
