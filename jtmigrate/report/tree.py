"""The module tree of a model, rebuilt from the dotted paths of its layers."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from jtmigrate.compare.result import LayerResult, Verdict
from jtmigrate.report.rows import SEVERITY, in_order


@dataclass
class Node:
    """One module: its calls (none where the module was never recorded itself) and its children in order of call."""

    name: str
    path: str
    calls: list[LayerResult] = field(default_factory=list)
    children: list["Node"] = field(default_factory=list)

    def layers(self) -> list[LayerResult]:
        """Calls of this module and of all below it."""
        return self.calls + [layer for child in self.children for layer in child.layers()]

    def worst(self) -> Verdict:
        """The worst verdict at or below this module."""
        return max((layer.verdict for layer in self.layers()), key=SEVERITY.index)


def build_tree(layers: Iterable[LayerResult]) -> Node:
    """The root of the tree; its path is empty, as is that of the model itself."""
    root = Node("", "")
    nodes = {"": root}
    for layer in in_order(layers):
        _node(layer.path, nodes).calls.append(layer)
    return root


def _node(path: str, nodes: dict[str, Node]) -> Node:
    if path not in nodes:
        parent, _, name = path.rpartition(".")
        nodes[path] = Node(name, path)
        _node(parent, nodes).children.append(nodes[path])
    return nodes[path]
