"""2-d convolution on the CPU where stock Jittor's is too slow (float64) or too inaccurate (some of float32).

Layouts: x (N, C, H, W), weight (O, C / groups, KH, KW), y (N, O, OH, OW). Pairs are (vertical, horizontal).
"""

from collections.abc import Iterator
from typing import NamedTuple

import jittor as jt
import numpy as np

from jtmigrate.parity import kernels
from jtmigrate.parity.kernels import dense
from jtmigrate.parity.kernels.depthwise import KERNELS, STRIDES, DepthwiseConv2d
from jtmigrate.parity.kernels.normalization import Recall
from jtmigrate.parity.kernels.pointwise import PointwiseConv2d

Pair = tuple[int, int]


class Geometry(NamedTuple):
    """How the kernel moves over the image."""

    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1

    def output_size(self, image: Pair, kernel: Pair) -> Pair:
        """(H, W), (KH, KW) -> (OH, OW)."""
        return tuple(
            (size + 2 * padding - dilation * (taps - 1) - 1) // stride + 1
            for size, taps, stride, padding, dilation in zip(image, kernel, *self[:3], strict=True)
        )


def conv2d(x: jt.Var, weight: jt.Var, geometry: Geometry) -> jt.Var:
    """y without bias, on the CPU; can be differentiated once.

    Raises ValueError if x does not fit the weight.
    """
    size = geometry.output_size(x.shape[2:], weight.shape[2:])
    if x.shape[1] != weight.shape[1] * geometry.groups or min(size) < 1:
        raise ValueError(f"conv2d: input {x.shape} does not fit weight {weight.shape} with {geometry}")
    if (fast := _fast(x, weight, geometry)) is not None:
        return fast(x, weight)
    if "float64" in (str(x.dtype), str(weight.dtype)):
        return _conv2d_float64(x.float64(), weight.float64(), geometry)
    if _runs_backwards(x, weight, geometry):
        return _BackwardsConv2d(geometry, Recall(x), _turned(weight))(x, weight)
    return jt.nn.conv2d(x, weight, None, *geometry)


def _fast(x: jt.Var, weight: jt.Var, geometry: Geometry) -> jt.Function | None:
    """The operator of `kernels` for this convolution, if there is one."""
    taps, (stride, across), (padding, aside) = set(weight.shape[2:]), geometry.stride, geometry.padding
    if not kernels.apply_to(x, weight) or stride != across or padding != aside or geometry.dilation != (1, 1):
        return None
    if taps == {1} and geometry.groups == stride == 1 and padding == 0:
        return PointwiseConv2d(Recall(x))
    depthwise = geometry.groups == x.shape[1] == weight.shape[0] and weight.shape[2] == weight.shape[3]
    if depthwise and weight.shape[2] in KERNELS and stride in STRIDES and 0 <= padding < weight.shape[2]:
        return DepthwiseConv2d(stride, padding, Recall(x))
    return None


# float64: Jittor has only its generic kernel, of 1 GFLOP/s. Numpy brings a BLAS.


def _conv2d_float64(x: jt.Var, weight: jt.Var, geometry: Geometry) -> jt.Var:
    def forward(_, data: dict) -> None:
        x, weight = data["inputs"]
        _write_forward(data["outputs"][0], x, weight, geometry)

    def backward_x(_, data: dict) -> None:
        _write_backward_x(data["outputs"][0], data["inputs"][1], data["dout"], geometry)

    def backward_weight(_, data: dict) -> None:
        _write_backward_weight(data["outputs"][0], data["inputs"][0], data["dout"], geometry)

    shape = (x.shape[0], weight.shape[0], *geometry.output_size(x.shape[2:], weight.shape[2:]))
    with jt.flag_scope(auto_convert_64_to_32=0):
        return jt.numpy_code(shape, "float64", [x, weight], forward, [backward_x, backward_weight])


def _write_forward(y: np.ndarray, x: np.ndarray, weight: np.ndarray, geometry: Geometry) -> None:
    padded, weight = _pad(x, geometry), np.ascontiguousarray(_by_group(weight, geometry))
    y[...] = 0
    for tap, pixels in _taps(weight, y, geometry):
        y += (weight[tap] @ _columns(padded[pixels], geometry)).reshape(y.shape)


def _write_backward_x(dx: np.ndarray, weight: np.ndarray, dy: np.ndarray, geometry: Geometry) -> None:
    padded, columns = np.zeros_like(_pad(dx, geometry)), _columns(dy, geometry)
    weight = np.ascontiguousarray(_by_group(weight, geometry).swapaxes(3, 4))
    for tap, pixels in _taps(weight, dy, geometry):
        padded[pixels] += (weight[tap] @ columns).reshape(padded[pixels].shape)
    (top, left), (height, width) = geometry.padding, dx.shape[2:]
    dx[...] = padded[:, :, top : top + height, left : left + width]


def _write_backward_weight(dweight: np.ndarray, x: np.ndarray, dy: np.ndarray, geometry: Geometry) -> None:
    padded, by_group, columns = _pad(x, geometry), _by_group(dweight, geometry), _columns(dy, geometry)
    for tap, pixels in _taps(by_group, dy, geometry):
        by_group[tap] = (columns @ _columns(padded[pixels], geometry).swapaxes(2, 3)).sum(0)


def _pad(x: np.ndarray, geometry: Geometry) -> np.ndarray:
    return np.pad(x, ((0, 0), (0, 0), *((padding, padding) for padding in geometry.padding)))


def _by_group(weight: np.ndarray, geometry: Geometry) -> np.ndarray:
    """View of (O, C / groups, KH, KW) as (KH, KW, groups, O / groups, C / groups)."""
    outputs, channels, *kernel = weight.shape
    return weight.reshape(geometry.groups, outputs // geometry.groups, channels, *kernel).transpose(3, 4, 0, 1, 2)


def _columns(image: np.ndarray, geometry: Geometry) -> np.ndarray:
    """(N, C, H, W) -> (N, groups, C / groups, H * W)."""
    n, channels, height, width = image.shape
    return image.reshape(n, geometry.groups, channels // geometry.groups, height * width)


def _taps(by_group: np.ndarray, y: np.ndarray, geometry: Geometry) -> Iterator[tuple[Pair, tuple]]:
    """Each position in the kernel, with the index of the pixels of the padded image that it is multiplied with."""
    for tap in np.ndindex(by_group.shape[:2]):
        yield tap, (..., *map(_strided, tap, y.shape[2:], geometry.stride, geometry.dilation))


def _strided(tap: int, size: int, stride: int, dilation: int) -> slice:
    start = tap * dilation
    return slice(start, start + (size - 1) * stride + 1, stride)


# float32: for AVX-512, oneDNN's forward kernel adds all C * KH * KW products up in one number, which makes three times
# the error of PyTorch. Its kernel for the gradient by x adds in blocks, most often to PyTorch's own bits, and is about
# as fast. It can compute y if the stride is 1: a convolution is then the gradient of the one with channels swapped and
# kernel turned.


def _runs_backwards(x: jt.Var, weight: jt.Var, geometry: Geometry) -> bool:
    return (
        jt.mkl_ops is not None
        and str(x.dtype) == str(weight.dtype) == "float32"
        and geometry.stride == (1, 1)
        and geometry.groups == 1
        and min(_backwards_padding(weight, geometry)) >= 0
    )


def _backwards_padding(weight: jt.Var, geometry: Geometry) -> Pair:
    """Padding of the convolution that leads from y to x."""
    return tuple(
        dilation * (taps - 1) - padding
        for taps, dilation, padding in zip(weight.shape[2:], geometry.dilation, geometry.padding, strict=True)
    )


def _turned(weight: jt.Var) -> jt.Var:
    """(O, C, KH, KW) -> (C, O, KH, KW), each kernel turned by 180 degrees; without gradient."""
    if kernels.apply_to(weight):
        return dense.turned(weight)
    outputs, channels, height, width = weight.shape
    return weight.detach().reindex(
        (channels, outputs, height, width), ["i1", "i0", f"{height - 1}-i2", f"{width - 1}-i3"]
    )


class _BackwardsConv2d(jt.Function):
    def __init__(self, geometry: Geometry, recall: Recall, turned: jt.Var):
        super().__init__()
        self.geometry, self.recall, self.turned = geometry, recall, turned

    def execute(self, x: jt.Var, weight: jt.Var) -> jt.Var:
        self.weight, self.image = weight, tuple(x.shape[2:])
        stride, _, dilation, _ = self.geometry
        size = self.geometry.output_size(x.shape[2:], weight.shape[2:])
        return _by_x(self.turned, x, size, (stride, _backwards_padding(weight, self.geometry), dilation))

    def grad(self, dy: jt.Var) -> tuple[jt.Var, jt.Var]:
        x, weight, window = self.recall(dy), self.weight, self.geometry[:3]
        if dense.apply_to(x, weight, dy):
            return dense.backward(x, weight, dy, window)
        numbers = [number for pair in window for number in pair]
        return (
            jt.mkl_ops.mkl_conv_backward_x(weight, dy, *self.image, *numbers),
            jt.mkl_ops.mkl_conv_backward_w(x, dy, *weight.shape[2:], *numbers),
        )


def _by_x(weight: jt.Var, dy: jt.Var, image: Pair, window: dense.Window) -> jt.Var:
    if dense.apply_to(weight, dy):
        return dense.by_x(weight, dy, image, window)
    return jt.mkl_ops.mkl_conv_backward_x(weight, dy, *image, *(number for pair in window for number in pair))
