"""Padding layers: whole numbers pad every side alike, tuples name (before, after) of each dimension, the last first."""

from collections.abc import Sequence
from typing import ClassVar

import jittor as jt

from jtmigrate.parity import functional as F
from jtmigrate.parity.nn.module import Module


class _Pad(Module):
    dims: ClassVar[int]
    mode: ClassVar[str]

    def __init__(self, padding: int | Sequence[int]):
        super().__init__()
        self.padding = (padding,) * 2 * self.dims if isinstance(padding, int) else tuple(padding)

    def execute(self, input: jt.Var) -> jt.Var:
        return F.pad(input, self.padding, self.mode)


class _ConstantPad(_Pad):
    """With a constant."""

    def __init__(self, padding: int | Sequence[int], value: float):
        super().__init__(padding)
        self.value = value

    def execute(self, input: jt.Var) -> jt.Var:
        return F.pad(input, self.padding, "constant", self.value)


class _ZeroPad(_Pad):
    """With zeros."""

    mode = "constant"


class _ReflectionPad(_Pad):
    """With what lies opposite; the border itself is not repeated."""

    mode = "reflect"


class _ReplicationPad(_Pad):
    """With the border."""

    mode = "replicate"


class _CircularPad(_Pad):
    """With the other end."""

    mode = "circular"


class ConstantPad1d(_ConstantPad):
    """The last dimension with a constant."""

    dims = 1


class ConstantPad2d(_ConstantPad):
    """The last 2 dimensions with a constant."""

    dims = 2


class ConstantPad3d(_ConstantPad):
    """The last 3 dimensions with a constant."""

    dims = 3


class ZeroPad1d(_ZeroPad):
    """The last dimension with zeros."""

    dims = 1


class ZeroPad2d(_ZeroPad):
    """The last 2 dimensions with zeros."""

    dims = 2


class ZeroPad3d(_ZeroPad):
    """The last 3 dimensions with zeros."""

    dims = 3


class ReflectionPad1d(_ReflectionPad):
    """The last dimension with what lies opposite."""

    dims = 1


class ReflectionPad2d(_ReflectionPad):
    """The last 2 dimensions with what lies opposite."""

    dims = 2


class ReflectionPad3d(_ReflectionPad):
    """The last 3 dimensions with what lies opposite."""

    dims = 3


class ReplicationPad1d(_ReplicationPad):
    """The last dimension with the border."""

    dims = 1


class ReplicationPad2d(_ReplicationPad):
    """The last 2 dimensions with the border."""

    dims = 2


class ReplicationPad3d(_ReplicationPad):
    """The last 3 dimensions with the border."""

    dims = 3


class CircularPad1d(_CircularPad):
    """The last dimension with the other end."""

    dims = 1


class CircularPad2d(_CircularPad):
    """The last 2 dimensions with the other end."""

    dims = 2


class CircularPad3d(_CircularPad):
    """The last 3 dimensions with the other end."""

    dims = 3
