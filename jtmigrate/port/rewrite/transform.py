"""Rewrites one file: names, calls, methods and attributes of tensors, `forward`. Imports come after it (imports.py)."""

from collections.abc import Mapping, Sequence

import libcst as cst

from jtmigrate.port.atlas.entry import Entry, Support
from jtmigrate.port.atlas.entry import Kind as Use
from jtmigrate.port.rewrite import names
from jtmigrate.port.rewrite.arguments import separated, with_receiver, without_parentheses
from jtmigrate.port.rewrite.calls import Calls, last_name, stays_same
from jtmigrate.port.rewrite.facts import Facts
from jtmigrate.port.rewrite.infer import Inference
from jtmigrate.port.rewrite.kinds import TENSOR, Kind
from jtmigrate.port.rewrite.marks import Left
from jtmigrate.port.rewrite.names import Home
from jtmigrate.port.rewrite.receivers import TENSOR_NAMES, is_tensor

_OPERATORS = {cst.FloorDivide: "torch.floor_divide", cst.Modulo: "torch.remainder"}
_ARITHMETIC = (cst.Add, cst.Subtract, cst.Multiply, cst.Divide, cst.Power)
_DEEP = 3
"""Fewer dimensions than this have all tensors whose shapes are cut, as good as."""


class Rewriter(Calls):
    """Rewrites a tree by what inference found in it: what walk.py, references.py and calls.py do, and the rest."""

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
        super().__init__(inferred, facts, atlas, aliases, numpy_near=numpy_near, torch_near=torch_near)
        self._modules = facts.mixed_into_modules()
        self._attributes: dict[int, Entry] = {}

    # Attributes of tensors

    def visit_Attribute(self, node: cst.Attribute) -> None:
        super().visit_Attribute(node)
        if id(node) not in self._claimed:
            self._consider_attribute(node)

    def leave_Attribute(self, original: cst.Attribute, updated: cst.Attribute) -> cst.BaseExpression:
        if id(original) in self._references:
            return super().leave_Attribute(original, updated)
        if id(original) in self._attributes:
            return self._tensor_attribute(self._attributes[id(original)], updated)
        if original.attr.value == "forward" and self._runs(original.value):
            self.ported += 1
            return updated.with_changes(attr=updated.attr.with_changes(value="execute"))
        return updated

    def _consider_attribute(self, node: cst.Attribute) -> None:
        name, receiver = node.attr.value, self._inferred[node.value]
        if id(node) in self._called or (receiver != TENSOR and not self._torch_near):
            return
        if is_tensor(receiver, name, frozenset(), numpy_near=self._numpy_near) is not True or name not in TENSOR_NAMES:
            return
        entry = self._atlas.get(f"torch.Tensor.{name}")
        if entry is None or (entry.kind is Use.METHOD and not stays_same(entry)):
            reason = "is not in the atlas" if entry is None else "is used as a value"
            if receiver == TENSOR:
                self._leave(node, Left(f"torch.Tensor.{name}", reason))
        elif entry.support is Support.MISSING:
            self._leave(node, Left(entry.torch, "has no counterpart", entry.advice))
        elif id(node) in self._inferred.targets and not entry.stays_method:
            self._leave(node, Left(entry.torch, "is assigned to", entry.advice))
        else:
            self._attributes[id(node)] = entry

    def _tensor_attribute(self, entry: Entry, updated: cst.Attribute) -> cst.BaseExpression:
        self.ported += 1
        if entry.stays_method:
            return updated.with_changes(attr=updated.attr.with_changes(value=last_name(entry.jittor)))
        args = with_receiver(updated.value, [])
        return cst.Call(self._counterpart(entry), args, lpar=updated.lpar, rpar=updated.rpar)

    def leave_Subscript(self, original: cst.Subscript, updated: cst.Subscript) -> cst.BaseExpression:
        """`x.shape[2:4]`: Jittor's own shapes cannot be cut beyond their end."""
        owner, part = updated.value, updated.slice[0].slice
        is_shape = isinstance(owner, cst.Attribute) and owner.attr.value == "shape" and self._torch_near
        if not (is_shape and isinstance(part, cst.Slice) and isinstance(part.upper, cst.Integer)):
            return updated
        if part.upper.evaluated_value < _DEEP or self._inferred[original.value.value].kind is Kind.OTHER:
            return updated
        return updated.with_changes(value=cst.Call(cst.Name("tuple"), [cst.Arg(owner)]))

    # Operators that mean something else on Jittor's variables

    def leave_BinaryOperation(self, original: cst.BinaryOperation, updated: cst.BinaryOperation) -> cst.BaseExpression:
        if isinstance(original.operator, _ARITHMETIC):
            return self._of_booleans(original, updated)
        name = _OPERATORS.get(type(original.operator))
        if name is None or TENSOR not in (self._inferred[original.left], self._inferred[original.right]):
            return updated
        return self._operation(name, (updated.left, updated.right), updated)

    def _of_booleans(self, original: cst.BinaryOperation, updated: cst.BinaryOperation) -> cst.BaseExpression:
        """`(x > 0) * 0.5`: Jittor promotes by size, to float16."""
        for side, other in (("left", original.right), ("right", original.left)):
            operand = getattr(original, side)
            if not (isinstance(operand, cst.Comparison) and self._inferred[operand] == TENSOR):
                continue
            if isinstance(other, cst.Integer | cst.Float) and "torch.Tensor.to" in self._atlas:
                dtype = cst.parse_expression(
                    f"{self._alias(names.JITTOR)}.{'float32' if isinstance(other, cst.Float) else 'int32'}"
                )
                function = self._counterpart(self._atlas["torch.Tensor.to"])
                args = with_receiver(getattr(updated, side), [cst.Arg(dtype)])
                return updated.with_changes(**{side: cst.Call(function, args)})
        return updated

    def leave_Comparison(self, original: cst.Comparison, updated: cst.Comparison) -> cst.BaseExpression:
        """`x != x` finds NaN in PyTorch."""
        single = original.comparisons[0] if len(original.comparisons) == 1 else None
        if single is None or not isinstance(single.operator, cst.NotEqual) or self._inferred[original.left] != TENSOR:
            return updated
        same = original.left.deep_equals(single.comparator)
        return self._operation("torch.isnan", (updated.left,), updated) if same else updated

    def leave_UnaryOperation(self, original: cst.UnaryOperation, updated: cst.UnaryOperation) -> cst.BaseExpression:
        if not isinstance(original.operator, cst.BitInvert) or self._inferred[original.expression] != TENSOR:
            return updated
        return self._operation("torch.bitwise_not", (updated.expression,), updated)

    def _operation(
        self, name: str, operands: Sequence[cst.BaseExpression], updated: cst.BaseExpression
    ) -> cst.BaseExpression:
        entry = self._atlas.get(name)
        if entry is None or entry.support is Support.MISSING:
            return updated
        self.ported += 1
        args = separated([cst.Arg(without_parentheses(operand)) for operand in operands], cst.MaybeSentinel.DEFAULT)
        return cst.Call(self._counterpart(entry), args, lpar=updated.lpar, rpar=updated.rpar)

    # forward -> execute

    def leave_FunctionDef(self, original: cst.FunctionDef, updated: cst.FunctionDef) -> cst.FunctionDef:
        if original.name.value == "forward" and self._in_module_body():
            self.ported += 1
            return updated.with_changes(name=updated.name.with_changes(value="execute"))
        return updated

    def leave_Name(self, original: cst.Name, updated: cst.Name) -> cst.BaseExpression:
        if id(original) in self._references:
            return super().leave_Name(original, updated)
        if original.value == "forward" and self._in_module_body() and id(original) in self._inferred.targets:
            return updated.with_changes(value="execute")
        return updated

    def _in_module_body(self) -> bool:
        """Whether we are right in the body of a class that derives from Module."""
        around = self._around[-1]
        return isinstance(around, cst.ClassDef) and self._is_module(self._inferred.classes.get(id(around), ""))

    def _runs(self, receiver: cst.BaseExpression) -> bool:
        """Whether `receiver.forward` is a module's."""
        type_ = self._inferred[receiver]
        if type_.kind in (Kind.INSTANCE, Kind.NAME):
            return self._is_module(self._facts.resolve(type_.name))
        return type_.kind in (Kind.UNKNOWN, Kind.MIXED) and self._torch_near

    def _is_module(self, name: str) -> bool:
        return name in self._modules or self._facts.is_module(name)
