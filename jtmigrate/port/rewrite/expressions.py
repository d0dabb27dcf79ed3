"""What expressions are."""

import libcst as cst

from jtmigrate.port.rewrite import results
from jtmigrate.port.rewrite.annotations import declared
from jtmigrate.port.rewrite.bindings import Bindings, Scope
from jtmigrate.port.rewrite.facts import Facts
from jtmigrate.port.rewrite.kinds import (
    MIXED,
    NONE,
    OTHER,
    TENSOR,
    UNKNOWN,
    Kind,
    Type,
    dict_of,
    element,
    instance,
    join,
    list_of,
    named,
    parts,
    tuple_of,
)
from jtmigrate.port.rewrite.operators import of_binary, of_comparison, of_subscript
from jtmigrate.port.rewrite.syntax import dotted, outermost

_PARAMETERS = (".weight", ".bias", ".running_mean", ".running_var", ".gamma", ".beta")
"""What layers call their tensors, where `.data` behind it says that it is one."""


class Expressions(Bindings):
    """What every expression is that the walk through a file comes to.

    types    id of an expression -> what it is
    targets  ids of what is assigned to
    within   id of a call -> full name of the function that it stands in
    nodes    expressions and statements in the order of the text
    """

    def __init__(self, module: str, known: Facts, *, package: bool):
        super().__init__(module, known, package=package)
        self.types: dict[int, Type] = {}
        self.targets: set[int] = set()
        self.within: dict[int, str] = {}
        self.nodes: list[cst.CSTNode] = []

    def __getitem__(self, node: cst.CSTNode) -> Type:
        return self.types.get(id(node), UNKNOWN)

    def _expression(self, node: cst.BaseExpression) -> Type:
        type_ = self.types[id(node)] = self._type_of(node)
        self.nodes.append(node)
        return type_

    def _type_of(self, node: cst.BaseExpression) -> Type:
        match node:
            case cst.Name():
                return self._name(node)
            case cst.Attribute():
                return self._attribute(node)
            case cst.Call():
                return self._call(node)
            case cst.Integer() | cst.Float() | cst.Imaginary() | cst.SimpleString():
                return OTHER
            case cst.FormattedString() | cst.ConcatenatedString():
                self._inside(node)
                return OTHER
            case cst.Subscript():
                return self._subscript(node)
            case cst.BinaryOperation():
                return of_binary(node.operator, self._expression(node.left), self._expression(node.right))
            case cst.UnaryOperation():
                type_ = self._expression(node.expression)
                return OTHER if isinstance(node.operator, cst.Not) else type_
            case cst.Comparison():
                operands = map(self._expression, (node.left, *(part.comparator for part in node.comparisons)))
                return of_comparison([part.operator for part in node.comparisons], list(operands))
            case cst.BooleanOperation():
                return join(self._expression(node.left), self._expression(node.right))
            case cst.IfExp():
                self._expression(node.test)
                return join(self._expression(node.body), self._expression(node.orelse))
            case cst.Tuple() | cst.List() | cst.Set():
                return self._sequence(node)
            case cst.Dict():
                return self._dict(node)
            case cst.ListComp() | cst.SetComp() | cst.GeneratorExp():
                self._clauses(node.for_in)
                return list_of(self._expression(node.elt))
            case cst.DictComp():
                self._clauses(node.for_in)
                self._expression(node.key)
                return dict_of(self._expression(node.value))
            case cst.Lambda():
                return self._lambda(node)
            case cst.NamedExpr():
                type_ = self._expression(node.value)
                self._assign(node.target, type_)
                return type_
            case cst.Yield():
                return self._yield(node)
            case _:
                self._inside(node)
                return UNKNOWN

    def _inside(self, node: cst.CSTNode) -> None:
        """Go through the expressions in a node that has no rule of its own."""
        for inner in outermost(node):
            self._expression(inner)

    def _name(self, node: cst.Name) -> Type:
        if node.value in ("None", "True", "False"):
            return NONE if node.value == "None" else OTHER
        return self._look_up(node)

    def _attribute(self, node: cst.Attribute) -> Type:
        owner = self._expression(node.value)
        if node.attr.value == "data" and owner in (UNKNOWN, MIXED) and dotted(node.value).endswith(_PARAMETERS):
            self.types[id(node.value)] = TENSOR
            return TENSOR
        return self._definitions.member(owner, node.attr.value)

    def _call(self, node: cst.Call) -> Type:
        self.within[id(node)] = self._scope.prefix
        function = self._expression(node.func)
        given, by_name = self._arguments(node)
        receiver, method = UNKNOWN, ""
        if isinstance(node.func, cst.Attribute):
            receiver, method = self[node.func.value], node.func.attr.value
            self._register(node, receiver, method)
        if function.kind is Kind.NAME:
            if function.name == "builtins.super":
                return self._super()
            return self._definitions.called(function.name, given, by_name)
        if method and (found := results.of_method_call(receiver, method, given, "dim" in by_name)):
            return found
        if function.kind is Kind.INSTANCE:
            return self._definitions.run(function, given, by_name)
        # What is handed a tensor by a name of unknown kind is nearly always a layer or a loss.
        if function in (UNKNOWN, MIXED) and receiver.kind is not Kind.UNKNOWN and TENSOR in given[:1]:
            return TENSOR
        is_layer = isinstance(node.func, cst.Name | cst.Subscript) and TENSOR in given[:1]
        return TENSOR if function is UNKNOWN and is_layer else UNKNOWN

    def _arguments(self, node: cst.Call) -> tuple[tuple[Type, ...], dict[str, Type]]:
        """What is handed over by position, and by name."""
        given: list[Type] = []
        by_name: dict[str, Type] = {}
        for argument in node.args:
            type_ = self._expression(argument.value)
            if argument.keyword is not None:
                by_name[argument.keyword.value] = type_
            elif not argument.star:
                given.append(type_)
        return tuple(given), by_name

    def _register(self, node: cst.Call, receiver: Type, method: str) -> None:
        """`self.register_buffer("name", ...)` makes an attribute."""
        first = node.args[0].value if node.args else None
        registers = method in ("register_buffer", "register_parameter") and receiver.kind is Kind.INSTANCE
        if registers and isinstance(first, cst.SimpleString):
            self._definitions.set_attribute(receiver.name, str(first.evaluated_value), TENSOR)

    def _subscript(self, node: cst.Subscript) -> Type:
        owner = self._expression(node.value)
        for part in node.slice:
            self._inside(part.slice)
        return of_subscript(owner, [part.slice for part in node.slice])

    def _sequence(self, node: cst.List | cst.Tuple | cst.Set) -> Type:
        types = []
        starred = False
        for part in node.elements:
            type_ = self._expression(part.value)
            starred = starred or isinstance(part, cst.StarredElement)
            types.append(element(type_) if isinstance(part, cst.StarredElement) else type_)
        return tuple_of(tuple(types)) if isinstance(node, cst.Tuple) and not starred else list_of(join(*types))

    def _dict(self, node: cst.Dict) -> Type:
        types = []
        for part in node.elements:
            if isinstance(part, cst.DictElement):
                self._expression(part.key)
            types.append(self._expression(part.value))
        return dict_of(join(*types))

    def _clauses(self, clause: cst.CompFor) -> None:
        self._assign(clause.target, element(self._expression(clause.iter)))
        for condition in clause.ifs:
            self._expression(condition.test)
        if clause.inner_for_in is not None:
            self._clauses(clause.inner_for_in)

    def _lambda(self, node: cst.Lambda) -> Type:
        scope, self._scope = self._scope, Scope(f"{self._scope.prefix}.<lambda>", self._scope)
        self._parameters(node.params, self._scope, self._scope.prefix)
        self._expression(node.body)
        self._scope = scope
        return UNKNOWN

    def _yield(self, node: cst.Yield) -> Type:
        if isinstance(node.value, cst.From):
            self._scope.yielded.append(element(self._expression(node.value.item)))
        elif node.value is not None:
            self._scope.yielded.append(self._expression(node.value))
        return UNKNOWN

    def _assign(self, target: cst.BaseExpression, type_: Type) -> None:
        if isinstance(target, cst.Tuple | cst.List):
            starred = any(isinstance(part, cst.StarredElement) for part in target.elements)
            each = (element(type_),) * len(target.elements) if starred else parts(type_, len(target.elements))
            for part, found in zip(target.elements, each, strict=True):
                self._assign(part.value, list_of(found) if isinstance(part, cst.StarredElement) else found)
            return
        if isinstance(target, cst.Name):
            self._bind(target.value, type_)
        elif isinstance(target, cst.Attribute):
            owner = self._expression(target.value)
            if owner.kind is Kind.INSTANCE and owner.name.startswith(f"{self._module}."):
                self._definitions.set_attribute(owner.name, target.attr.value, type_)
        else:
            self._expression(target)
            return
        self.types[id(target)] = type_
        self.targets.add(id(target))

    def _annotation(self, node: cst.Annotation | None) -> Type:
        if node is None:
            return UNKNOWN
        self._expression(node.annotation)
        return declared(node.annotation, self.__getitem__, self._known)

    def _parameters(
        self, given: cst.Parameters, inner: Scope, full: str, *, first_is_receiver: bool = False, of_class: bool = False
    ) -> None:
        """Bind the parameters of the function with this full name in its own scope."""
        called = self._known.parameters.get(full, {})
        owner = inner.method_of
        runs = bool(owner) and full.rpartition(".")[2] in ("forward", "execute") and self._known.is_module(owner)
        positional = [*given.posonly_params, *given.params]
        for index, parameter in enumerate([*positional, *given.kwonly_params]):
            name = parameter.name.value
            type_ = self._annotation(parameter.annotation)
            default = self._expression(parameter.default) if parameter.default is not None else NONE
            if index == 0 and first_is_receiver and positional:
                inner.names[name] = named(owner) if of_class else instance(owner)
                continue
            if type_ in (UNKNOWN, MIXED):
                place = f"#{index - first_is_receiver}" if index < len(positional) else name
                type_ = join(called.get(name, UNKNOWN), called.get(place, UNKNOWN))
                if type_ in (UNKNOWN, MIXED) and default.kind not in (Kind.NONE, Kind.UNKNOWN):
                    type_ = default if default.kind is not Kind.NAME else UNKNOWN
                if type_ is UNKNOWN and runs:
                    type_ = TENSOR
            inner.names[name] = type_
        if isinstance(given.star_arg, cst.Param):
            annotated = self._annotation(given.star_arg.annotation)
            inner.names[given.star_arg.name.value] = list_of(TENSOR if runs and annotated is UNKNOWN else annotated)
        if given.star_kwarg is not None:
            inner.names[given.star_kwarg.name.value] = dict_of(self._annotation(given.star_kwarg.annotation))
