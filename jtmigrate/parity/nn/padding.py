"""Padding layers."""

from collections.abc import Sequence
from typing import ClassVar

import jittor as jt

from jtmigrate.parity import functional as F
from jtmigrate.parity.nn.module import Module


class _Pad(Module):
    dims: ClassVar[int]
    mode: ClassVar[str] = "constant"

    def __init__(self, padding: int | Sequence[int], value: float = 0.0):
        super().__init__()
        self.padding = (padding,) * 2 * self.dims if isinstance(padding, int) else tuple(padding)
        self.value = value

    def execute(self, input: jt.Var) -> jt.Var:
        return F.pad(input, self.padding, self.mode, self.value)


class ConstantPad1d(_Pad):
    """The last dimension with a constant."""

    dims = 1

    def __init__(self, padding: int | Sequence[int], value: float):
        super().__init__(padding, value)


class ConstantPad2d(_Pad):
    """The last 2 dimensions with a constant."""

    dims = 2

    def __init__(self, padding: int | Sequence[int], value: float):
        super().__init__(padding, value)


class ConstantPad3d(_Pad):
    """The last 3 dimensions with a constant."""

    dims = 3

    def __init__(self, padding: int | Sequence[int], value: float):
        super().__init__(padding, value)


class ZeroPad1d(_Pad):
    """The last dimension with zeros."""

    dims = 1

    def __init__(self, padding: int | Sequence[int]):
        super().__init__(padding)


class ZeroPad2d(_Pad):
    """The last 2 dimensions with zeros."""

    dims = 2

    def __init__(self, padding: int | Sequence[int]):
        super().__init__(padding)


class ZeroPad3d(_Pad):
    """The last 3 dimensions with zeros."""

    dims = 3

    def __init__(self, padding: int | Sequence[int]):
        super().__init__(padding)


class ReflectionPad1d(_Pad):
    """The last dimension with what lies opposite, the border itself left out."""

    dims = 1
    mode = "reflect"

    def __init__(self, padding: int | Sequence[int]):
        super().__init__(padding)


class ReflectionPad2d(_Pad):
    """The last 2 dimensions with what lies opposite, the border itself left out."""

    dims = 2
    mode = "reflect"

    def __init__(self, padding: int | Sequence[int]):
        super().__init__(padding)


class ReflectionPad3d(_Pad):
    """The last 3 dimensions with what lies opposite, the border itself left out."""

    dims = 3
    mode = "reflect"

    def __init__(self, padding: int | Sequence[int]):
        super().__init__(padding)


class ReplicationPad1d(_Pad):
    """The last dimension with the border."""

    dims = 1
    mode = "replicate"

    def __init__(self, padding: int | Sequence[int]):
        super().__init__(padding)


class ReplicationPad2d(_Pad):
    """The last 2 dimensions with the border."""

    dims = 2
    mode = "replicate"

    def __init__(self, padding: int | Sequence[int]):
        super().__init__(padding)


class ReplicationPad3d(_Pad):
    """The last 3 dimensions with the border."""

    dims = 3
    mode = "replicate"

    def __init__(self, padding: int | Sequence[int]):
        super().__init__(padding)


class CircularPad1d(_Pad):
    """The last dimension with the other end."""

    dims = 1
    mode = "circular"

    def __init__(self, padding: int | Sequence[int]):
        super().__init__(padding)


class CircularPad2d(_Pad):
    """The last 2 dimensions with the other end."""

    dims = 2
    mode = "circular"

    def __init__(self, padding: int | Sequence[int]):
        super().__init__(padding)


class CircularPad3d(_Pad):
    """The last 3 dimensions with the other end."""

    dims = 3
    mode = "circular"

    def __init__(self, padding: int | Sequence[int]):
        super().__init__(padding)
