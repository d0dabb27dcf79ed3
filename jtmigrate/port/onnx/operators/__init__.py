"""How each operator of ONNX is written. One file a theme, each a dict from the operator to its writer."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from jtmigrate.port.onnx.emitter import Emitter
from jtmigrate.port.onnx.graph import Node
from jtmigrate.port.onnx.operators import layers, pointwise, pooling, shapes

OPERATORS: Mapping[str, Callable[[Node, Emitter], None]] = MappingProxyType(
    {**layers.OPERATORS, **pointwise.OPERATORS, **pooling.OPERATORS, **shapes.OPERATORS}
)
"""Operator -> a function that adds its line. Raises CannotPort for attributes that have no counterpart."""
