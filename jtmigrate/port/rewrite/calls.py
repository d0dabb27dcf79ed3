"""Rewrites calls: of functions of PyTorch, of methods of tensors, and those in which Jittor needs the optimizer."""

from collections.abc import Mapping, Sequence

import libcst as cst

from jtmigrate.port.atlas.entry import Entry, Support
from jtmigrate.port.atlas.entry import Kind as Use
from jtmigrate.port.rewrite import names
from jtmigrate.port.rewrite.arguments import CannotTranslate, Planned, plan, with_receiver, written
from jtmigrate.port.rewrite.facts import Facts, is_torch_module
from jtmigrate.port.rewrite.infer import Inference
from jtmigrate.port.rewrite.kinds import TENSOR, UNKNOWN, Kind, Type
from jtmigrate.port.rewrite.marks import Left
from jtmigrate.port.rewrite.names import Home, is_torch
from jtmigrate.port.rewrite.receivers import TENSOR_NAMES, is_tensor
from jtmigrate.port.rewrite.references import References
from jtmigrate.port.rewrite.training import CLIP, calls_method, next_to_step, optimizers_in

_ITERATORS = ("parameters", "named_parameters", "buffers", "named_buffers", "modules", "named_modules", "children")
_HINT = "annotate it (x: torch.Tensor) or write the call by hand"


class Calls(References):
    """Decides about a call on the way in, when its arguments are still the original's; writes it on the way out."""

    def __init__(
        self,
        inferred: Inference,
        facts: Facts,
        atlas: Mapping[str, Entry],
        aliases: Mapping[Home, str],
        *,
        numpy_near: bool,
        torch_near: bool,
    ):
        super().__init__(inferred, atlas, aliases, torch_near=torch_near)
        self._facts, self._numpy_near = facts, numpy_near
        self._functions: dict[int, Sequence[Planned]] = {}
        self._methods: dict[int, tuple[Entry, Sequence[Planned]]] = {}
        self._clipped: set[int] = set()

    def visit_Call(self, node: cst.Call) -> None:
        super().visit_Call(node)
        function = node.func
        type_ = self._inferred[function]
        if type_.kind is Kind.NAME and (is_torch(type_.name) or type_.name in self._atlas):
            self._consider_function(node, type_.name)
        elif isinstance(function, cst.Attribute) and id(function) not in self._claimed:
            receiver = self._inferred[function.value]
            if receiver.kind is Kind.INSTANCE:
                self._consider_object(node, receiver, function.attr.value)
            elif self._torch_near or receiver == TENSOR:
                self._consider_method(node, receiver, function)

    def leave_Call(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        function = original.func
        if id(original) in self._functions:
            return updated.with_changes(args=written(self._functions[id(original)], updated.args))
        if id(original) in self._clipped:
            return self._clip(original, updated)
        if id(original) in self._methods:
            return self._method(*self._methods[id(original)], updated)
        if isinstance(function, cst.Name) and function.value == "next" and _lists(original.args):
            return updated.with_changes(args=[cst.Arg(cst.Call(cst.Name("iter"), updated.args))])
        if isinstance(function, cst.Attribute) and function.attr.value == "backward":
            return self._backward(original, updated)
        return updated

    # Functions

    def _consider_function(self, node: cst.Call, name: str) -> None:
        if name == CLIP and self._clips(node):
            self._claim_chain(node.func)
            self._clipped.add(id(node))
            return
        entry = self._atlas.get(name)
        if entry is None or entry.support is Support.MISSING or entry.kind is Use.CONSTANT:
            return
        try:
            self._functions[id(node)] = plan(entry, node.args)
        except CannotTranslate as error:
            self._leave(node, _untranslated(name, error))
            root = self._claim_chain(node.func)
            if isinstance(root, cst.Name) and id(root) in self._inferred.imported:
                self._keep(root)

    # Methods of tensors

    def _consider_method(self, node: cst.Call, receiver: Type, function: cst.Attribute) -> None:
        name = function.attr.value
        options = frozenset(argument.keyword.value for argument in node.args if argument.keyword is not None)
        found = is_tensor(receiver, name, options, numpy_near=self._numpy_near)
        if found is False or (found and receiver == TENSOR and name not in TENSOR_NAMES):
            return
        entry = self._atlas.get(f"torch.Tensor.{name}") or self._function_for(name)
        if found is None:
            if entry is None or entry.kind is not Use.METHOD or self._same(entry, node) or _plainly_other(node, name):
                return
            # What a module is told (`model.to(device)`) and a tensor too needs no translation in a module.
            self._leave(node, Left(f"torch.Tensor.{name}", f"or not: what `.{name}` belongs to cannot be told", _HINT))
            return
        if entry is None:
            self._leave(node, Left(f"torch.Tensor.{name}", "is not in the atlas"))
        elif options & frozenset(entry.rename.values()):
            return
        elif entry.support is Support.MISSING:
            if name != "backward" or self._optimizer(node) is None:
                self._leave(node, Left(entry.torch, "has no counterpart", entry.advice))
        else:
            given = node.args if entry.kind is Use.METHOD else with_receiver(function.value, node.args)
            try:
                self._methods[id(node)] = (entry, plan(entry, given))
            except CannotTranslate as error:
                self._leave(node, _untranslated(entry.torch, error))

    def _function_for(self, name: str) -> Entry | None:
        """The function that does what a method of the same name does: `x.softmax(1)` is `torch.softmax(x, 1)`."""
        entry = self._atlas.get(f"torch.{name}") or self._atlas.get(f"torch.nn.functional.{name}")
        usable = entry is not None and entry.kind is Use.FUNCTION and entry.signature.startswith("input")
        return entry if usable and entry.support is not Support.MISSING else None

    def _same(self, entry: Entry, node: cst.Call) -> bool:
        """Whether a call of a method would stay what it is."""
        if not stays_same(entry):
            return False
        try:
            planned = plan(entry, node.args)
        except CannotTranslate:
            return False
        return all(one.index == place for place, one in enumerate(planned)) and len(planned) == len(node.args)

    def _method(self, entry: Entry, planned: Sequence[Planned], updated: cst.Call) -> cst.BaseExpression:
        self.ported += 1
        function = updated.func
        if entry.kind is not Use.METHOD:
            given = with_receiver(function.value, updated.args)
            return updated.with_changes(func=self._counterpart(entry), args=written(planned, given))
        args = written(planned, updated.args)
        if entry.stays_method:
            attr = function.attr.with_changes(value=last_name(entry.jittor))
            return updated.with_changes(func=function.with_changes(attr=attr), args=args)
        changed = updated.with_changes(func=self._counterpart(entry), args=with_receiver(function.value, args))
        before = function.dot.whitespace_before
        commented = isinstance(before, cst.ParenthesizedWhitespace) and cst.Module([]).code_for_node(before).count("#")
        return changed.with_changes(whitespace_before_args=before) if commented else changed

    # Methods of modules, optimizers and schedulers

    def _consider_object(self, node: cst.Call, receiver: Type, name: str) -> None:
        if self._facts.attribute(receiver.name, name) != UNKNOWN:
            return
        for base in self._facts.ancestors(receiver.name):
            prefix = "torch.nn.Module" if is_torch_module(base) else base
            entry = self._atlas.get(f"{base}.{name}") or self._atlas.get(f"{prefix}.{name}")
            if base.startswith("torch.optim."):
                entry = entry or self._atlas.get(f"torch.optim.Optimizer.{name}")
            if entry is not None:
                if entry.support is Support.MISSING:
                    self._leave(node, Left(entry.torch, "has no counterpart", entry.advice))
                return

    # What Jittor's optimizer does

    def _optimizer(self, call: cst.Call) -> str | None:
        """The optimizer that steps where we are; of several, the one that is next to."""
        for function in reversed(self._around):
            found = optimizers_in(function, self._inferred)
            if found:
                return next(iter(found)) if len(found) == 1 else next_to_step(function, call, found)
        return None

    def _clips(self, node: cst.Call) -> bool:
        """Whether this limits the gradients of a whole model, which Jittor's optimizers hold."""
        plain = len(node.args) == 2 and not any(argument.star for argument in node.args)
        return plain and calls_method(node.args[0].value, "parameters") and self._optimizer(node) is not None

    def _clip(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        self.ported += 1
        optimizer = updated.args[0].with_changes(value=cst.parse_expression(self._optimizer(original)))
        function = f"{self._alias(names.TWINS['torch.optim'])}.clip_grad_norm"
        return updated.with_changes(func=cst.parse_expression(function), args=[optimizer, *updated.args[1:]])

    def _backward(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        optimizer = self._optimizer(original)
        receiver = self._inferred[original.func.value]
        if optimizer is None or not self._torch_near or receiver.kind in (Kind.OTHER, Kind.NAME, Kind.INSTANCE):
            return updated
        if any(argument.keyword is None for argument in original.args):
            return updated
        self.ported += 1
        args = with_receiver(updated.func.value, updated.args)
        return updated.with_changes(func=cst.parse_expression(f"{optimizer}.backward"), args=args)


def last_name(full: str) -> str:
    """ "c" of "a.b.c"."""
    return full.rpartition(".")[2]


def stays_same(entry: Entry) -> bool:
    """Whether a method or attribute of a tensor keeps its name."""
    return entry.stays_method and last_name(entry.jittor) == last_name(entry.torch)


def _untranslated(name: str, error: CannotTranslate) -> Left:
    return Left(name, str(error).removeprefix(f"{name}: "))


def _lists(given: Sequence[cst.Arg]) -> bool:
    """Whether the one argument is an iterator of a module, which is a list in Jittor: `model.parameters()`."""
    return len(given) == 1 and any(calls_method(given[0].value, name) for name in _ITERATORS)


def _plainly_other(node: cst.Call, name: str) -> bool:
    """Whether the arguments show that this is a method of a string or a list: `split(",")`, `sort()`."""
    texts = any(isinstance(argument.value, cst.SimpleString | cst.FormattedString) for argument in node.args)
    return texts or (name in ("sort", "split", "index", "count", "copy") and not node.args)
