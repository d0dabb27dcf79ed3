"""Rewrites one file: names, calls, methods and attributes of tensors, `forward`. Imports come after it (imports.py)."""

from collections.abc import Mapping, Sequence

import libcst as cst

from jtmigrate.port.atlas.entry import Entry, Support
from jtmigrate.port.atlas.entry import Kind as Use
from jtmigrate.port.rewrite import calls, names
from jtmigrate.port.rewrite.facts import Facts, is_torch_module
from jtmigrate.port.rewrite.infer import Inference
from jtmigrate.port.rewrite.kinds import TENSOR, UNKNOWN, Kind, Type
from jtmigrate.port.rewrite.marks import with_marks
from jtmigrate.port.rewrite.names import Home, is_torch
from jtmigrate.port.rewrite.receivers import TENSOR_NAMES, is_tensor
from jtmigrate.port.rewrite.syntax import dotted
from jtmigrate.port.rewrite.training import CLIP, calls_method, next_to_step, optimizers_in

_OPERATORS = {cst.FloorDivide: "torch.floor_divide", cst.Modulo: "torch.remainder"}
_ARITHMETIC = (cst.Add, cst.Subtract, cst.Multiply, cst.Divide, cst.Power)
_ITERATORS = ("parameters", "named_parameters", "buffers", "named_buffers", "modules", "named_modules", "children")
_DEEP = 3
"""Fewer dimensions than this have all tensors whose shapes are cut, as good as."""
_HINT = "annotate it (x: torch.Tensor) or write the call by hand"
_NAMESPACE = "which name is meant is only known in a run; jtmigrate.parity has the counterparts"


class Left(Exception):
    """Something that stays as it is: name, reason, advice."""

    def __init__(self, name: str, reason: str, advice: str = ""):
        super().__init__(name, reason, advice)
        self.name, self.reason, self.advice = name, reason, advice


class Rewriter(cst.CSTTransformer):
    """Rewrites a tree by what inference found in it.

    left      (node, Left) of everything that stays
    ported    how many uses were rewritten, or need no rewriting
    needed    homes of counterparts that the code refers to by their usual aliases
    kept      names bound by imports of torch that are still referred to
    used      names bound by imports of torch under which counterparts are referred to
    """

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
        super().__init__()
        self._inferred, self._facts, self._atlas, self._aliases = inferred, facts, atlas, aliases
        self._numpy_near, self._torch_near = numpy_near, torch_near
        self._modules = facts.mixed_into_modules()
        self.left: list[tuple[cst.CSTNode, Left]] = []
        self.ported = 0
        self.needed: set[Home] = set()
        self.kept: set[str] = set()
        self.used: set[str] = set()
        self._marks: list[list[str]] = [[]]
        self._claimed: set[int] = set()
        self._references: dict[int, tuple[str, Entry | None]] = {}
        self._called: set[int] = set()
        self._calls: dict[int, tuple[Entry, tuple[calls.Planned, ...]]] = {}
        self._methods: dict[int, tuple[Entry, tuple[calls.Planned, ...]]] = {}
        self._attributes: dict[int, Entry] = {}
        self._clipped: set[int] = set()
        self._declarations = 0
        self._classes: list[str] = []
        self._functions: list[cst.CSTNode] = []

    # Statements and their marks

    def on_visit(self, node: cst.CSTNode) -> bool:
        if hasattr(node, "leading_lines"):
            self._marks.append([])
        return super().on_visit(node)

    def on_leave(self, original: cst.CSTNode, updated: cst.CSTNode) -> object:
        result = super().on_leave(original, updated)
        if hasattr(original, "leading_lines"):
            texts = self._marks.pop()
            if not isinstance(original, cst.SimpleStatementLine | cst.BaseCompoundStatement):
                self._marks[-1].extend(texts)
            elif texts and isinstance(result, cst.CSTNode):
                result = with_marks(result, texts)
        return result

    def _leave(self, node: cst.CSTNode, problem: Left) -> None:
        self.left.append((node, problem))
        advice = f": {problem.advice}" if problem.advice and problem.advice not in problem.reason else ""
        start = "" if problem.reason.startswith(problem.name) else f"{problem.name} "
        self._marks[-1].append(f"{start}{problem.reason}{advice}")

    # References to names of torch

    def visit_Attribute(self, node: cst.Attribute) -> None:
        if id(node) in self._claimed:
            return
        if not self._claim(node):
            self._consider_attribute(node)

    def visit_Name(self, node: cst.Name) -> None:
        if id(node) not in self._claimed:
            self._claim(node)

    def _claim(self, node: cst.BaseExpression) -> bool:
        """Decide what to do about a chain of attributes that an import begins, its outermost node given."""
        chain = [node]
        while isinstance(chain[-1], cst.Attribute):
            chain.append(chain[-1].value)
        root = chain[-1]
        if not isinstance(root, cst.Name) or id(root) not in self._inferred.imported:
            return False
        full = [self._inferred[link] for link in chain]
        if not any(type_.kind is Kind.NAME and (is_torch(type_.name) or type_.name in self._atlas) for type_ in full):
            return False
        self._claimed.update(map(id, chain))
        known = [
            (link, type_.name)
            for link, type_ in zip(chain, full, strict=True)
            if type_.kind is Kind.NAME and (type_.name in self._atlas or type_.name in names.TENSOR_CLASSES)
        ]
        link, name = known[0] if known else (chain[0], full[0].name or full[-1].name)
        if id(link) in self._inferred.targets:
            return True
        self._references[id(link)] = (name, self._entry(name))
        return True

    def _entry(self, name: str) -> Entry | None:
        if name in self._atlas:
            return self._atlas[name]
        if name == "torch.Tensor":
            return Entry(name, Use.CONSTANT, jittor="jittor.Var")
        return None

    def leave_Name(self, original: cst.Name, updated: cst.Name) -> cst.BaseExpression:
        if id(original) in self._references:
            return self._reference(original, updated)
        if original.value == "forward" and self._in_module_body() and id(original) in self._inferred.targets:
            return updated.with_changes(value="execute")
        return updated

    def leave_Attribute(self, original: cst.Attribute, updated: cst.Attribute) -> cst.BaseExpression:
        if id(original) in self._references:
            return self._reference(original, updated)
        if id(original) in self._attributes:
            return self._tensor_attribute(self._attributes[id(original)], updated)
        if original.attr.value == "forward" and self._runs(original.value):
            self.ported += 1
            return updated.with_changes(attr=updated.attr.with_changes(value="execute"))
        return updated

    def _reference(self, original: cst.BaseExpression, updated: cst.BaseExpression) -> cst.BaseExpression:
        name, entry = self._references[id(original)]
        try:
            if name in names.TWINS or name == "torch":
                raise Left(name, "is used as a value", _NAMESPACE)
            if entry is None:
                raise Left(name, "is not in the atlas")
            if entry.support is Support.MISSING:
                raise Left(name, "has no counterpart", entry.advice)
            if id(original) not in self._called and not self._declarations and (entry.rename or entry.explicit):
                raise Left(name, "is used as a value, and its counterpart takes other arguments", entry.advice)
        except Left as problem:
            self._keep(_root_node(original))
            self._leave(original, problem)
            return updated
        self.ported += 1
        return self._write(name, entry, original, updated)

    def _keep(self, root: cst.Name) -> None:
        """Something stays that begins with this name. What stands for a whole module is the counterpart's even so."""
        (self.used if self._inferred[root].name in names.TWINS else self.kept).add(root.value)

    def _write(
        self, name: str, entry: Entry, original: cst.BaseExpression, updated: cst.BaseExpression
    ) -> cst.BaseExpression:
        """The expression of a counterpart in the place of a reference."""
        root = _root(original)
        bound = self._inferred[_root_node(original)].name
        target = names.written(name, entry.jittor)
        if isinstance(original, cst.Name) and name != "torch.Tensor":
            self.used.add(root)
            return updated
        twin = names.TWINS.get(bound)
        if twin == target.home:
            self.used.add(root)
            return _chain(cst.Name(root), target.rest, updated)
        return _chain(cst.parse_expression(self._alias(target.home)), target.rest, updated)

    def _alias(self, home: Home) -> str:
        self.needed.add(home)
        return self._aliases.get(home, home.alias)

    # Calls

    def visit_Call(self, node: cst.Call) -> None:
        function = node.func
        self._called.add(id(function))
        type_ = self._inferred[function]
        if type_.kind is Kind.NAME and (is_torch(type_.name) or type_.name in self._atlas):
            self._consider_call(node, type_.name)
        elif isinstance(function, cst.Attribute) and id(function) not in self._claimed:
            self._consider_method(node, function)

    def _consider_call(self, node: cst.Call, name: str) -> None:
        if name == CLIP and self._clips(node):
            self._claim_chain(node.func)
            self._clipped.add(id(node))
            return
        entry = self._atlas.get(name)
        if entry is None or entry.support is Support.MISSING or entry.kind is Use.CONSTANT:
            return
        try:
            self._calls[id(node)] = (entry, calls.plan(entry, node.args))
        except calls.CannotTranslate as error:
            self._stays(node, Left(name, _after(name, str(error)), ""))

    def _stays(self, node: cst.Call, problem: Left) -> None:
        """A call whose function has a counterpart but whose arguments have none."""
        self._leave(node, problem)
        root = self._claim_chain(node.func)
        if isinstance(root, cst.Name) and id(root) in self._inferred.imported:
            self._keep(root)

    def _claim_chain(self, node: cst.BaseExpression) -> cst.BaseExpression:
        """Let nothing else decide about `a.b.c`; returns `a`."""
        while isinstance(node, cst.Attribute):
            self._claimed.add(id(node))
            node = node.value
        self._claimed.add(id(node))
        return node

    def _clips(self, node: cst.Call) -> bool:
        """Whether this limits the gradients of a whole model, which Jittor's optimizers hold."""
        plain = len(node.args) == 2 and not any(argument.star for argument in node.args)
        return plain and calls_method(node.args[0].value, "parameters") and self._optimizer(node) is not None

    def _consider_method(self, node: cst.Call, function: cst.Attribute) -> None:
        name, receiver = function.attr.value, self._inferred[function.value]
        if receiver.kind is Kind.INSTANCE:
            self._consider_object(node, receiver, name)
            return
        options = frozenset(argument.keyword.value for argument in node.args if argument.keyword is not None)
        if not self._torch_near and receiver != TENSOR:
            return
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
            given = node.args if entry.kind is Use.METHOD else calls.with_receiver(function.value, node.args)
            try:
                self._methods[id(node)] = (entry, calls.plan(entry, given))
            except calls.CannotTranslate as error:
                self._leave(node, Left(entry.torch, _after(entry.torch, str(error))))

    def _function_for(self, name: str) -> Entry | None:
        """The function that does what a method of the same name does: `x.softmax(1)` is `torch.softmax(x, 1)`."""
        entry = self._atlas.get(f"torch.{name}") or self._atlas.get(f"torch.nn.functional.{name}")
        usable = entry is not None and entry.kind is Use.FUNCTION and entry.signature.startswith("input")
        return entry if usable and entry.support is not Support.MISSING else None

    def _same(self, entry: Entry, node: cst.Call) -> bool:
        """Whether a call of a method would stay what it is."""
        if not (entry.stays_method and entry.jittor.rpartition(".")[2] == entry.torch.rpartition(".")[2]):
            return False
        try:
            planned = calls.plan(entry, node.args)
        except calls.CannotTranslate:
            return False
        return all(one.index == place for place, one in enumerate(planned)) and len(planned) == len(node.args)

    def _consider_object(self, node: cst.Call, receiver: Type, name: str) -> None:
        """A method of a module, an optimizer or a scheduler."""
        own = self._facts.attribute(receiver.name, name)
        if own != UNKNOWN:
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

    def leave_Call(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        if id(original) in self._calls:
            _, planned = self._calls[id(original)]
            return updated.with_changes(args=calls.written(planned, updated.args))
        if id(original) in self._clipped:
            self.ported += 1
            optimizer = updated.args[0].with_changes(value=cst.parse_expression(self._optimizer(original)))
            function = f"{self._alias(names.TWINS['torch.optim'])}.clip_grad_norm"
            return updated.with_changes(func=cst.parse_expression(function), args=[optimizer, *updated.args[1:]])
        if id(original) in self._methods:
            return self._method(*self._methods[id(original)], updated)
        function = original.func
        if isinstance(function, cst.Name) and function.value == "next" and _lists(original.args):
            return updated.with_changes(args=[cst.Arg(cst.Call(cst.Name("iter"), updated.args))])
        if isinstance(function, cst.Attribute) and function.attr.value == "backward":
            return self._backward(original, updated)
        return updated

    def _method(self, entry: Entry, planned: Sequence[calls.Planned], updated: cst.Call) -> cst.BaseExpression:
        self.ported += 1
        function = updated.func
        if entry.kind is not Use.METHOD:
            given = calls.with_receiver(function.value, updated.args)
            return updated.with_changes(func=self._function(entry), args=calls.written(planned, given))
        arguments = calls.written(planned, updated.args)
        if entry.stays_method:
            attr = function.attr.with_changes(value=entry.jittor.rpartition(".")[2])
            return updated.with_changes(func=function.with_changes(attr=attr), args=arguments)
        changed = updated.with_changes(func=self._function(entry), args=calls.with_receiver(function.value, arguments))
        before = function.dot.whitespace_before
        commented = isinstance(before, cst.ParenthesizedWhitespace) and cst.Module([]).code_for_node(before).count("#")
        return changed.with_changes(whitespace_before_args=before) if commented else changed

    def _function(self, entry: Entry) -> cst.BaseExpression:
        target = names.written(entry.torch, entry.jittor)
        return cst.parse_expression(".".join((self._alias(target.home), *target.rest)))

    def _backward(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        optimizer = self._optimizer(original)
        receiver = self._inferred[original.func.value]
        if optimizer is None or not self._torch_near or receiver.kind in (Kind.OTHER, Kind.NAME):
            return updated
        if receiver.kind is Kind.INSTANCE or any(argument.keyword is None for argument in original.args):
            return updated
        self.ported += 1
        arguments = calls.with_receiver(updated.func.value, updated.args)
        return updated.with_changes(func=cst.parse_expression(f"{optimizer}.backward"), args=arguments)

    def _optimizer(self, call: cst.Call) -> str | None:
        """The optimizer that steps where we are; of several, the one that is next to."""
        for function in reversed(self._functions):
            found = optimizers_in(function, self._inferred)
            if found:
                return next(iter(found)) if len(found) == 1 else next_to_step(function, call, found)
        return None

    # Attributes of tensors

    def _consider_attribute(self, node: cst.Attribute) -> None:
        name, receiver = node.attr.value, self._inferred[node.value]
        if id(node) in self._called or (receiver != TENSOR and not self._torch_near):
            return
        if is_tensor(receiver, name, frozenset(), numpy_near=self._numpy_near) is not True or name not in TENSOR_NAMES:
            return
        entry = self._atlas.get(f"torch.Tensor.{name}")
        if entry is None or (entry.kind is Use.METHOD and not self._stays_value(entry)):
            reason = "is not in the atlas" if entry is None else "is used as a value"
            if receiver == TENSOR:
                self._leave(node, Left(f"torch.Tensor.{name}", reason))
        elif entry.support is Support.MISSING:
            self._leave(node, Left(entry.torch, "has no counterpart", entry.advice))
        elif id(node) in self._inferred.targets and not entry.stays_method:
            self._leave(node, Left(entry.torch, "is assigned to", entry.advice))
        else:
            self._attributes[id(node)] = entry

    def _stays_value(self, entry: Entry) -> bool:
        return entry.stays_method and entry.jittor.rpartition(".")[2] == entry.torch.rpartition(".")[2]

    def _tensor_attribute(self, entry: Entry, updated: cst.Attribute) -> cst.BaseExpression:
        self.ported += 1
        if entry.stays_method:
            return updated.with_changes(attr=updated.attr.with_changes(value=entry.jittor.rpartition(".")[2]))
        return cst.Call(
            self._function(entry), calls.with_receiver(updated.value, []), lpar=updated.lpar, rpar=updated.rpar
        )

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
                function = self._function(self._atlas["torch.Tensor.to"])
                arguments = calls.with_receiver(getattr(updated, side), [cst.Arg(dtype)])
                return updated.with_changes(**{side: cst.Call(function, arguments)})
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
        arguments = calls.separated(
            [cst.Arg(calls.without_parentheses(operand)) for operand in operands], cst.MaybeSentinel.DEFAULT
        )
        return cst.Call(self._function(entry), arguments, lpar=updated.lpar, rpar=updated.rpar)

    # forward -> execute

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._classes.append(self._inferred.classes.get(id(node), ""))
        self._functions.append(node)

    def leave_ClassDef(self, original: cst.ClassDef, updated: cst.ClassDef) -> cst.ClassDef:
        self._classes.pop()
        self._functions.pop()
        return updated

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._functions.append(node)

    def leave_FunctionDef(self, original: cst.FunctionDef, updated: cst.FunctionDef) -> cst.FunctionDef:
        self._functions.pop()
        if original.name.value == "forward" and self._in_module_body():
            self.ported += 1
            return updated.with_changes(name=updated.name.with_changes(value="execute"))
        return updated

    def visit_Module(self, node: cst.Module) -> None:
        self._functions.append(node)

    def _in_module_body(self) -> bool:
        """Whether we are right in the body of a class that derives from Module."""
        if not (self._functions and isinstance(self._functions[-1], cst.ClassDef)):
            return False
        return self._is_module(self._classes[-1])

    def _is_module(self, name: str) -> bool:
        return name in self._modules or self._facts.is_module(name)

    def _runs(self, receiver: cst.BaseExpression) -> bool:
        """Whether `receiver.forward` is a module's."""
        type_ = self._inferred[receiver]
        if type_.kind in (Kind.INSTANCE, Kind.NAME):
            name = self._facts.resolve(type_.name)
            return self._is_module(name)
        return type_.kind in (Kind.UNKNOWN, Kind.MIXED) and self._torch_near

    # Declarations: annotations, bases, isinstance

    def visit_Annotation(self, node: cst.Annotation) -> None:
        self._declarations += 1

    def leave_Annotation(self, original: cst.Annotation, updated: cst.Annotation) -> cst.Annotation:
        self._declarations -= 1
        text = updated.annotation
        if isinstance(text, cst.SimpleString) and self._inferred[original.annotation] != UNKNOWN:
            plain = str(text.evaluated_value)
            if plain in ("torch.Tensor", "Tensor") and self._torch_near:
                quoted = f"{text.quote}{self._alias(names.JITTOR)}.Var{text.quote}"
                return updated.with_changes(annotation=text.with_changes(value=quoted))
        return updated


def _root_node(node: cst.BaseExpression) -> cst.BaseExpression:
    while isinstance(node, cst.Attribute):
        node = node.value
    return node


def _root(node: cst.BaseExpression) -> str:
    return dotted(node).partition(".")[0]


def _chain(start: cst.BaseExpression, rest: Sequence[str], like: cst.BaseExpression) -> cst.BaseExpression:
    for name in rest:
        start = cst.Attribute(start, cst.Name(name))
    return start.with_changes(lpar=like.lpar, rpar=like.rpar)


def _after(name: str, message: str) -> str:
    return message.removeprefix(f"{name}: ")


def _lists(arguments: Sequence[cst.Arg]) -> bool:
    """Whether the one argument is an iterator of a module, which is a list in Jittor: `model.parameters()`."""
    return len(arguments) == 1 and any(calls_method(arguments[0].value, name) for name in _ITERATORS)


def _plainly_other(node: cst.Call, name: str) -> bool:
    """Whether the arguments show that this is a method of a string or a list: `split(",")`, `sort()`."""
    texts = any(isinstance(argument.value, cst.SimpleString | cst.FormattedString) for argument in node.args)
    return texts or (name in ("sort", "split", "index", "count", "copy") and not node.args)
