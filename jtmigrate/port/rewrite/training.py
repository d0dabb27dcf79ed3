"""Finds the optimizer that a backward pass belongs to: Jittor's takes the loss itself."""

import libcst as cst

from jtmigrate.port.rewrite.infer import Inference
from jtmigrate.port.rewrite.kinds import Kind
from jtmigrate.port.rewrite.syntax import dotted

CLIP = "torch.nn.utils.clip_grad_norm_"


def calls_method(node: cst.BaseExpression, name: str) -> bool:
    """Whether an expression is `... .name(...)`."""
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == name


def optimizers_in(function: cst.CSTNode, inferred: Inference) -> frozenset[str]:
    """What is told `zero_grad()` and `step()` in a function, as it is written there: "optimizer", "self.opt"."""
    finder = _Finder(inferred)
    function.visit(finder)
    return frozenset(finder.steps & finder.zeroed or finder.declared)


def next_to_step(function: cst.CSTNode, call: cst.CSTNode, optimizers: frozenset[str]) -> str | None:
    """The optimizer that is the first to step after a call, in the order of the text; None if none does."""
    finder = _Following(call)
    function.visit(finder)
    return next((written for written in finder.steps if written in optimizers), None)


class _Following(cst.CSTVisitor):
    """What is told `step()` after a node."""

    def __init__(self, start: cst.CSTNode):
        super().__init__()
        self._start = start
        self._begun = False
        self.steps: list[str] = []

    def visit_Call(self, node: cst.Call) -> None:
        self._begun = self._begun or node is self._start
        if self._begun and calls_method(node, "step"):
            self.steps.append(dotted(node.func.value))


class _Finder(cst.CSTVisitor):
    def __init__(self, inferred: Inference):
        super().__init__()
        self._inferred = inferred
        self.steps: set[str] = set()
        self.zeroed: set[str] = set()
        self.declared: set[str] = set()

    def visit_Call(self, node: cst.Call) -> None:
        if not isinstance(node.func, cst.Attribute):
            return
        receiver, name = node.func.value, node.func.attr.value
        written = dotted(receiver)
        if not written or name not in ("step", "zero_grad"):
            return
        (self.steps if name == "step" else self.zeroed).add(written)
        type_ = self._inferred[receiver]
        known = type_.kind is Kind.INSTANCE and ".optim." in type_.name and ".lr_scheduler." not in type_.name
        if known or (name == "step" and "optim" in written.lower()):
            self.declared.add(written)
