"""Where every value lies in memory: concatenations, slices and shuffles of channels become places, not copies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from jtmigrate.parity.compiled.graph import Cat, Input, Node, Slice

ALIGNMENT = 16
"""Floats: a line of the cache."""


@dataclass(eq=False)
class Buffer:
    """A piece of the arena, of so many floats; the operations from `first` to `last` use it."""

    size: int
    first: int = -1
    last: int = -1
    offset: int = -1


@dataclass(frozen=True)
class View:
    """Planes of height x width in a buffer, `step` floats apart. A buffer of None is the image."""

    buffer: Buffer | None
    offset: int
    step: int
    shape: tuple[int, int, int]

    def part(self, start: int, channels: int, stride: int = 1) -> "View":
        """So many of its channels, every `stride`-th from `start` on."""
        return replace(
            self, offset=self.offset + start * self.step, step=self.step * stride, shape=(channels, *self.shape[1:])
        )


@dataclass
class Places:
    """The view of every node, and which nodes a concatenation has to copy, and to where."""

    views: dict[int, View] = field(default_factory=dict)
    copies: dict[int, list[tuple[Node, View]]] = field(default_factory=dict)

    def of(self, node: Node) -> View:
        """Where a node's value is found."""
        if isinstance(node, Slice):
            return self.of(node.inputs[0]).part(node.start, node.shape[0])
        return self.views[id(node)]


def places(nodes: Sequence[Node]) -> Places:
    """nodes: inputs first. A concatenation comes before what it joins: so the parts are computed in their place."""
    found = Places()
    for node in reversed(nodes):
        if isinstance(node, Input):
            found.views[id(node)] = View(None, 0, node.shape[1] * node.shape[2], node.shape)
        elif not isinstance(node, Slice):
            found.views.setdefault(id(node), fresh(node.shape))
        if isinstance(node, Cat):
            copies = found.copies.setdefault(id(node), [])
            for part, view in zip(node.inputs, _parts(node, found.views[id(node)]), strict=True):
                if isinstance(part, Input | Slice) or id(part) in found.views:
                    copies.append((part, view))
                else:
                    found.views[id(part)] = view
    return found


def _parts(node: Cat, view: View) -> Iterator[View]:
    start = 0
    for index, part in enumerate(node.inputs):
        if node.interleaved:
            yield view.part(index, part.shape[0], len(node.inputs))
        else:
            yield view.part(start, part.shape[0])
        start += part.shape[0]


def fresh(shape: tuple[int, int, int]) -> View:
    """A view of a buffer of its own."""
    channels, height, width = shape
    return View(Buffer(channels * height * width), 0, height * width, shape)


def arrange(buffers: Sequence[Buffer]) -> int:
    """Give every buffer its offset, so that those in use at the same time do not overlap; returns the floats needed.

    The largest come first, each at the lowest offset that is free while it is used.
    """
    placed: list[Buffer] = []
    for buffer in sorted(buffers, key=lambda buffer: -buffer.size):
        offset = 0
        for other in sorted(placed, key=lambda other: other.offset):
            together = other.first <= buffer.last and buffer.first <= other.last
            if together and offset + buffer.size > other.offset:
                offset = max(offset, _aligned(other.offset + other.size))
        buffer.offset = offset
        placed.append(buffer)
    return max((buffer.offset + _aligned(buffer.size) for buffer in placed), default=0)


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
