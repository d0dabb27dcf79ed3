"""Puts neighbouring operations together: BatchNorm into the convolution in front of it, LeakyReLU after it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from jtmigrate.parity.compiled.graph import Activation, Add, Affine, Cat, Conv, Node, Slice


def folded(nodes: Sequence[Node], kept: Sequence[Node]) -> dict[int, Node]:
    """What became of each node, by its id, once what can be put together is. nodes: inputs first.

    kept: nodes whose own value is asked for. Products are taken in float64 and rounded once, at the end.
    """
    uses = Counter(id(given) for node in nodes for given in node.inputs)
    uses.update(id(node) for node in kept)
    became: dict[int, Node] = {}
    for node in nodes:
        inputs = tuple(became[id(given)] for given in node.inputs)
        alone = len(node.inputs) == 1 and uses[id(node.inputs[0])] == 1
        became[id(node)] = _together(replace(node, inputs=inputs), alone)
    return became


def _together(node: Node, alone: bool) -> Node:
    """The node, or one node for it and its input. alone: nobody else uses the input."""
    before = node.inputs[0] if node.inputs else None
    match node:
        case Affine() if alone and isinstance(before, Conv) and before.slope == 1:
            weight = before.weight * node.scale[:, None, None, None]
            return replace(before, weight=weight, bias=before.bias * node.scale + node.shift)
        case Affine():
            channels = node.shape[0]
            return Conv(node.inputs, node.shape, node.scale.reshape(-1, 1, 1, 1), node.shift, groups=channels)
        case Activation(kind="leaky_relu") if alone and isinstance(before, Conv | Add) and before.slope == 1:
            return replace(before, slope=node.slope)
        case Cat(interleaved=True) if _is_whole(node):
            source = node.inputs[0].inputs[0]
            if isinstance(source, Cat) and not source.interleaved and _sizes(source) == _sizes(node):
                return replace(node, inputs=source.inputs)
    return node


def _is_whole(node: Cat) -> bool:
    """Whether its inputs are slices of one node, all of it in order."""
    sources = {id(part.inputs[0]) for part in node.inputs if isinstance(part, Slice)}
    starts = [part.start for part in node.inputs if isinstance(part, Slice)]
    ends = np.cumsum([0, *_sizes(node)])[:-1].tolist()
    return len(sources) == 1 and starts == ends


def _sizes(node: Cat) -> list[int]:
    return [part.shape[0] for part in node.inputs]
