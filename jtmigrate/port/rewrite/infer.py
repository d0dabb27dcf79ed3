"""What the expressions of one file are, found by walking through it once in the order of its text.

Not flow analysis: the last assignment counts. What other files, later lines and callers tell is taken from the facts of
an earlier round. Where nothing is known, nothing is assumed.
"""

import builtins
import re

import libcst as cst

from jtmigrate.port.rewrite import results
from jtmigrate.port.rewrite.facts import ClassFacts, Facts, is_torch_module
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
from jtmigrate.port.rewrite.names import TENSOR_CLASSES, canonical
from jtmigrate.port.rewrite.receivers import only_of_tensors
from jtmigrate.port.rewrite.words import words

_BUILTINS = frozenset(dir(builtins))
_LISTS = words(
    """
    list List tuple Tuple Sequence Iterable Iterator Set set Collection MutableSequence Generator
    """
)
_DICTS = words("dict Dict Mapping MutableMapping OrderedDict DefaultDict")
_PARAMETERS = (".weight", ".bias", ".running_mean", ".running_var", ".gamma", ".beta")
"""What layers call their tensors, where `.data` behind it says that it is one."""

_PLAIN_ANNOTATIONS = frozenset({"int", "float", "str", "bool", "bytes", "complex"})


class Scope:
    """Names of a function, class or module."""

    def __init__(self, prefix: str, outer: "Scope | None" = None, *, owner: str = ""):
        self.prefix = prefix
        self.outer = outer
        self.owner = owner
        """Of a class's own scope: its full name."""
        self.method_of = ""
        """Of a function that is a method: the class's full name."""
        self.receiver = ""
        self.names: dict[str, Type] = {}
        self.imported: set[str] = set()
        """Those of `names` that an import binds."""
        self.returned: list[Type] = []
        self.yielded: list[Type] = []


class Inference:
    """One file's types; see the module.

    Ids are those of the tree's nodes, which live as long as the tree does.

    types     id of an expression -> what it is
    targets   ids of what is assigned to
    within    id of a call -> full name of the function that it stands in
    imported  ids of names that an import binds, where they are read
    classes   id of a ClassDef -> full name
    stars     modules of which everything is imported
    taken     (module, name) of what is imported from modules
    imports   full names of imported modules
    import_nodes  (statement, full name) of every import
    nodes     expressions and statements in the order of the text
    bound     names that imports bind in the module itself
    found     the facts that this file adds
    """

    def __init__(self, tree: cst.Module, module: str, known: Facts, *, package: bool):
        self.types: dict[int, Type] = {}
        self.targets: set[int] = set()
        self.within: dict[int, str] = {}
        self.imported: set[int] = set()
        self.classes: dict[int, str] = {}
        self.stars: list[str] = []
        self.taken: set[tuple[str, str]] = set()
        self.imports: set[str] = set()
        self.nodes: list[cst.CSTNode] = []
        self.import_nodes: list[tuple[cst.CSTNode, str]] = []
        self.found = Facts()
        self._module = module
        self._known = known
        self._package = module if package else module.rpartition(".")[0]
        self._scope = Scope(module)
        self._block(tree.body)
        self.found.exports[module] = dict(self._scope.names)
        self.bound = frozenset(self._scope.imported)

    def __getitem__(self, node: cst.CSTNode) -> Type:
        return self.types.get(id(node), UNKNOWN)

    def star(self, name: str) -> Type:
        """What `from module import *` brings under this name."""
        for module in reversed(self.stars):
            if module in self._known.exports:
                if name in self._known.exports[module]:
                    return self._known.exports[module][name]
            elif module.partition(".")[0] == "torch" and not name.startswith("_") and name not in _BUILTINS:
                return named(f"{module}.{name}")
        return UNKNOWN

    # Names

    def _look_up(self, node: cst.Name) -> Type:
        name = node.value
        scope: Scope | None = self._scope
        first = True
        while scope is not None:
            if name in scope.names and (first or not scope.owner):
                if name in scope.imported:
                    self.imported.add(id(node))
                return scope.names[name]
            first, scope = False, scope.outer
        known = self._known.exports.get(self._module, {}).get(name)
        if known is not None:
            return known
        if self.stars and (found := self.star(name)) is not UNKNOWN:
            self.imported.add(id(node))
            return found
        return named(f"builtins.{name}") if name in _BUILTINS else UNKNOWN

    def _bind(self, name: str, type_: Type, *, imported: bool = False) -> None:
        if type_ is NONE and name in self._scope.names:
            return
        self._scope.names[name] = type_
        (self._scope.imported.add if imported else self._scope.imported.discard)(name)
        if self._scope.owner:
            self.found.add(self.found.classes[self._scope.owner].attributes, name, type_)

    def _assign(self, target: cst.BaseExpression, type_: Type) -> None:
        if isinstance(target, cst.Name):
            self._bind(target.value, type_)
            self.types[id(target)] = type_
            self.targets.add(id(target))
        elif isinstance(target, cst.Tuple | cst.List):
            starred = any(isinstance(part, cst.StarredElement) for part in target.elements)
            each = (element(type_),) * len(target.elements) if starred else parts(type_, len(target.elements))
            for part, found in zip(target.elements, each, strict=True):
                self._assign(part.value, list_of(found) if isinstance(part, cst.StarredElement) else found)
        elif isinstance(target, cst.Attribute):
            owner = self._expression(target.value)
            if owner.kind is Kind.INSTANCE and owner.name.startswith(f"{self._module}."):
                self._set_attribute(owner.name, target.attr.value, type_)
            self.types[id(target)] = type_
            self.targets.add(id(target))
        else:
            self._expression(target)

    def _set_attribute(self, owner: str, name: str, type_: Type) -> None:
        self.found.add(self.found.classes.setdefault(owner, ClassFacts()).attributes, name, type_)

    # Statements

    def _block(self, statements: object) -> None:
        for statement in statements:
            self._statement(statement)

    def _body(self, node: cst.BaseSuite) -> None:
        self._block(node.body)

    def _statement(self, node: cst.CSTNode) -> None:
        self.nodes.append(node)
        handler = _STATEMENTS.get(type(node))
        if handler:
            handler(self, node)
        else:
            self._anything(node)

    def _anything(self, node: cst.CSTNode) -> None:
        """A node without a rule of its own: whatever is in it."""
        for child in node.children:
            if isinstance(child, cst.BaseExpression):
                self._expression(child)
            elif isinstance(child, cst.BaseSmallStatement | cst.BaseStatement | cst.BaseSuite):
                self._statement(child)
            elif not isinstance(child, cst.BaseParenthesizableWhitespace | cst.TrailingWhitespace | cst.EmptyLine):
                self._anything(child)

    def _simple(self, node: cst.SimpleStatementLine | cst.SimpleStatementSuite | cst.IndentedBlock) -> None:
        self._block(node.body)

    def _assignment(self, node: cst.Assign) -> None:
        type_ = self._expression(node.value)
        for target in node.targets:
            self._assign(target.target, type_)

    def _annotated(self, node: cst.AnnAssign) -> None:
        type_ = self._annotation(node.annotation)
        if node.value is not None:
            type_ = join(type_, self._expression(node.value))
        self._assign(node.target, type_)

    def _augmented(self, node: cst.AugAssign) -> None:
        before, value = self._expression(node.target), self._expression(node.value)
        if TENSOR in (before, value):
            self._assign(node.target, TENSOR)

    def _return(self, node: cst.Return) -> None:
        self._scope.returned.append(self._expression(node.value) if node.value is not None else NONE)

    def _import(self, node: cst.Import) -> None:
        for alias in node.names:
            name = dotted(alias.name)
            self.imports.add(name)
            self.import_nodes.append((node, name))
            if alias.asname is not None:
                self._bind(alias.asname.name.value, named(self._canonical(name)), imported=True)
            else:
                root = name.partition(".")[0]
                self._bind(root, named(root), imported=True)

    def _import_from(self, node: cst.ImportFrom) -> None:
        module = self.source_of(node)
        self.imports.add(module)
        if isinstance(node.names, cst.ImportStar):
            self.stars.append(module)
            # Names that another star brings are handed on by this module as well.
            for name, type_ in self._known.exports.get(module, {}).items():
                if not name.startswith("_"):
                    self._bind(name, type_, imported=True)
            return
        for alias in node.names:
            name = alias.name.value
            self.taken.add((module, name))
            self.import_nodes.append((node, f"{module}.{name}"))
            full = self._canonical(f"{module}.{name}" if module else name)
            local = alias.asname.name.value if alias.asname else name
            known = self._known.exports.get(module, {}).get(name)
            self._bind(local, known if known is not None else named(full), imported=True)

    def source_of(self, node: cst.ImportFrom) -> str:
        """The full name of the module that is imported from."""
        module = dotted(node.module) if node.module else ""
        if not node.relative:
            return module
        package = self._package
        for _ in node.relative[1:]:
            package = package.rpartition(".")[0]
        return f"{package}.{module}".strip(".")

    def _canonical(self, name: str) -> str:
        return self._known.resolve(canonical(name))

    def _function(self, node: cst.FunctionDef) -> None:
        properties = False
        static = class_method = False
        for decorator in node.decorators:
            name = self._expression(decorator.decorator).name
            properties = properties or name.endswith(("builtins.property", "cached_property"))
            static = static or name == "builtins.staticmethod"
            class_method = class_method or name == "builtins.classmethod"
        scope = self._scope
        full = f"{scope.prefix}.{node.name.value}"
        inner = Scope(full, scope)
        inner.method_of = scope.owner
        if scope.owner:
            self.found.classes[scope.owner].methods.add(node.name.value)
        self._parameters(
            node.params, inner, full, first_is_receiver=bool(scope.owner) and not static, of_class=class_method
        )
        declared = self._annotation(node.returns) if node.returns else UNKNOWN
        self._scope = inner
        self._body(node.body)
        self._scope = scope
        returned = join(declared, *inner.returned) if declared in (UNKNOWN, MIXED) else declared
        result = list_of(join(*inner.yielded)) if inner.yielded else returned
        self.found.results[full] = result
        if properties and scope.owner:
            self._bind(node.name.value, result)
        elif not scope.owner or node.name.value not in self.found.classes[scope.owner].attributes:
            scope.names[node.name.value] = named(full)
        self.types[id(node)] = named(full)

    def _parameters(
        self, given: cst.Parameters, inner: Scope, full: str, *, first_is_receiver: bool = False, of_class: bool = False
    ) -> None:
        called = self._known.parameters.get(full, {})
        owner = inner.method_of
        runs = bool(owner) and full.rpartition(".")[2] in ("forward", "execute") and self._known.is_module(owner)
        positional = [*given.posonly_params, *given.params]
        for index, parameter in enumerate([*positional, *given.kwonly_params]):
            name = parameter.name.value
            type_ = self._annotation(parameter.annotation) if parameter.annotation else UNKNOWN
            default = self._expression(parameter.default) if parameter.default is not None else NONE
            if index == 0 and first_is_receiver and positional:
                inner.receiver = name
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
            annotated = self._annotation(given.star_arg.annotation) if given.star_arg.annotation else UNKNOWN
            inner.names[given.star_arg.name.value] = list_of(TENSOR if runs and annotated is UNKNOWN else annotated)
        if given.star_kwarg is not None:
            annotated = self._annotation(given.star_kwarg.annotation) if given.star_kwarg.annotation else UNKNOWN
            inner.names[given.star_kwarg.name.value] = dict_of(annotated)

    def _class(self, node: cst.ClassDef) -> None:
        for decorator in node.decorators:
            self._expression(decorator.decorator)
        bases = []
        for argument in (*node.bases, *node.keywords):
            type_ = self._expression(argument.value)
            if argument.keyword is None:
                bases.append(type_.name if type_.kind is Kind.NAME else "")
        scope = self._scope
        full = f"{scope.prefix}.{node.name.value}"
        self.classes[id(node)] = full
        earlier = self.found.classes.get(full)
        self.found.classes[full] = ClassFacts(tuple(bases))
        if earlier:
            # Two definitions of one name, as in the branches of an `if`: what either has, the class may have.
            self.found.classes[full].methods.update(earlier.methods)
        scope.names[node.name.value] = named(full)
        self._scope = Scope(full, scope, owner=full)
        self._body(node.body)
        self._scope = scope

    def _if(self, node: cst.If | cst.While) -> None:
        self._expression(node.test)
        self._body(node.body)
        if node.orelse is not None:
            self._statement(node.orelse)

    def _else(self, node: cst.Else | cst.Finally) -> None:
        self._body(node.body)

    def _for(self, node: cst.For) -> None:
        self._assign(node.target, element(self._expression(node.iter)))
        self._body(node.body)
        if node.orelse is not None:
            self._statement(node.orelse)

    def _with(self, node: cst.With) -> None:
        for item in node.items:
            type_ = self._expression(item.item)
            if item.asname is not None:
                self._assign(item.asname.name, type_)
        self._body(node.body)

    def _handler(self, node: cst.ExceptHandler) -> None:
        if node.type is not None:
            self._expression(node.type)
        if node.name is not None:
            self._assign(node.name.name, OTHER)
        self._body(node.body)

    # Expressions

    def _expression(self, node: cst.BaseExpression) -> Type:
        handler = _EXPRESSIONS.get(type(node))
        if handler:
            type_ = handler(self, node)
        else:
            self._anything(node)
            type_ = UNKNOWN
        self.types[id(node)] = type_
        self.nodes.append(node)
        return type_

    def _name(self, node: cst.Name) -> Type:
        if node.value in ("None", "True", "False"):
            return NONE if node.value == "None" else OTHER
        return self._look_up(node)

    def _plain(self, node: cst.CSTNode) -> Type:
        if not isinstance(node, cst.Integer | cst.Float | cst.SimpleString | cst.Imaginary):
            self._anything(node)
        return OTHER

    def _attribute(self, node: cst.Attribute) -> Type:
        owner = self._expression(node.value)
        if node.attr.value == "data" and owner in (UNKNOWN, MIXED) and dotted(node.value).endswith(_PARAMETERS):
            self.types[id(node.value)] = TENSOR
            return TENSOR
        return self._member(owner, node.attr.value)

    def _member(self, owner: Type, name: str) -> Type:
        if owner.kind is Kind.NAME:
            full = self._canonical(f"{owner.name}.{name}")
            package, _, last = full.rpartition(".")
            held = self._known.exports.get(package, {}).get(last)
            if held is not None and held.kind is not Kind.NAME:
                return held
            held = self._known.attribute(owner.name, name) if owner.name in self._known.classes else UNKNOWN
            return held if held not in (UNKNOWN, MIXED) else named(full)
        if owner.kind is Kind.TENSOR:
            return results.attribute_of_tensor(name)
        if owner.kind in (Kind.LIST, Kind.TUPLE) and name in ("values", "indices"):
            return element(owner)
        if owner.kind is Kind.INSTANCE:
            own = self._known.attribute(owner.name, name)
            if own in (UNKNOWN, MIXED) and owner.name in self.found.classes:
                own = self.found.classes[owner.name].attributes.get(name, own)
            return own
        return OTHER if owner is OTHER else UNKNOWN

    def _call(self, node: cst.Call) -> Type:
        self.within[id(node)] = self._scope.prefix
        function = self._expression(node.func)
        given: list[Type] = []
        named_: dict[str, Type] = {}
        for argument in node.args:
            type_ = self._expression(argument.value)
            if argument.keyword is not None:
                named_[argument.keyword.value] = type_
            elif not argument.star:
                given.append(type_)
        self._registered(node, given)
        receiver = self[node.func.value] if isinstance(node.func, cst.Attribute) else UNKNOWN
        if function.kind is Kind.NAME:
            return self._result(function.name, tuple(given), named_)
        if isinstance(node.func, cst.Attribute) and (found := results.of_module_method(node.func.attr.value, receiver)):
            return found
        if receiver.kind is Kind.TENSOR:
            name = node.func.attr.value
            second = name in ("max", "min") and bool(given) and given[0].kind is Kind.TENSOR
            return TENSOR if second else results.of_method(name, len(given), "dim" in named_)
        if receiver in (UNKNOWN, MIXED) and isinstance(node.func, cst.Attribute):
            name = node.func.attr.value
            if only_of_tensors(name):
                return results.of_method(name, len(given), "dim" in named_)
        if receiver.kind in (Kind.DICT, Kind.LIST, Kind.TUPLE, Kind.INSTANCE) and (
            found := _of_container(receiver, node.func.attr.value)
        ):
            return found
        if function.kind is Kind.INSTANCE:
            return self._run(function, tuple(given), named_)
        # What is handed a tensor by a name of unknown kind is nearly always a layer or a loss.
        if function in (UNKNOWN, MIXED) and receiver.kind is not Kind.UNKNOWN and TENSOR in given[:1]:
            return TENSOR
        is_layer = isinstance(node.func, cst.Name | cst.Subscript) and TENSOR in given[:1]
        return TENSOR if function is UNKNOWN and is_layer else UNKNOWN

    def _registered(self, node: cst.Call, given: list[Type]) -> None:
        """`self.register_buffer("name", ...)` makes an attribute."""
        if not (
            isinstance(node.func, cst.Attribute) and node.func.attr.value in ("register_buffer", "register_parameter")
        ):
            return
        owner = self[node.func.value]
        first = node.args[0].value if node.args else None
        if owner.kind is Kind.INSTANCE and isinstance(first, cst.SimpleString):
            self._set_attribute(owner.name, str(first.evaluated_value), TENSOR)

    def _result(self, name: str, given: tuple[Type, ...], by_name: dict[str, Type]) -> Type:
        if name == "builtins.super":
            return self._super()
        name = self._known.resolve(name)
        if name in self._known.classes or name in self.found.classes:
            self._handed(f"{name}.__init__", given, by_name)
            return instance(name)
        if name in self._known.results:
            self._handed(name, given, by_name)
            return self._known.results[name]
        held = join(*given) if len(given) != 1 or given[0].kind not in (Kind.LIST, Kind.TUPLE) else element(given[0])
        found = results.of_class(name, held)
        return found if found is not UNKNOWN else results.of_function(name, given, "dim" in by_name)

    def _super(self) -> Type:
        scope: Scope | None = self._scope
        while scope is not None and not scope.method_of:
            scope = scope.outer
        if scope is None or scope.method_of not in self.found.classes:
            return UNKNOWN
        bases = [base for base in self.found.classes[scope.method_of].bases if base]
        return instance(bases[0]) if bases else UNKNOWN

    def _run(self, called: Type, given: tuple[Type, ...], by_name: dict[str, Type]) -> Type:
        for ancestor in self._known.ancestors(called.name):
            held = self._known.classes.get(ancestor)
            if held is None:
                return results.of_module(ancestor, given) if is_torch_module(ancestor) else UNKNOWN
            for method in ("forward", "execute", "__call__"):
                if method in held.methods:
                    self._handed(f"{ancestor}.{method}", given, by_name)
                    return self._known.results.get(f"{ancestor}.{method}", UNKNOWN)
        return UNKNOWN

    def _handed(self, function: str, given: tuple[Type, ...], by_name: dict[str, Type]) -> None:
        table = self.found.parameters[function]
        for key, type_ in (*((f"#{index}", type_) for index, type_ in enumerate(given)), *by_name.items()):
            self.found.add(table, key, type_ if type_.kind is not Kind.NAME else UNKNOWN)

    def _binary(self, node: cst.BinaryOperation) -> Type:
        left, right = self._expression(node.left), self._expression(node.right)
        if TENSOR in (left, right):
            return TENSOR
        if isinstance(node.operator, cst.Add | cst.Multiply) and Kind.LIST in (left.kind, right.kind):
            return (
                join(left, right) if isinstance(node.operator, cst.Add) else left if left.kind is Kind.LIST else right
            )
        return OTHER if left is OTHER and right is OTHER else UNKNOWN

    def _unary(self, node: cst.UnaryOperation) -> Type:
        type_ = self._expression(node.expression)
        return OTHER if isinstance(node.operator, cst.Not) else type_

    def _comparison(self, node: cst.Comparison) -> Type:
        types = [self._expression(node.left), *(self._expression(part.comparator) for part in node.comparisons)]
        plain = any(isinstance(part.operator, cst.Is | cst.IsNot | cst.In | cst.NotIn) for part in node.comparisons)
        return TENSOR if TENSOR in types and not plain else OTHER if plain or set(types) == {OTHER} else UNKNOWN

    def _boolean(self, node: cst.BooleanOperation) -> Type:
        return join(self._expression(node.left), self._expression(node.right))

    def _choice(self, node: cst.IfExp) -> Type:
        self._expression(node.test)
        return join(self._expression(node.body), self._expression(node.orelse))

    def _walrus(self, node: cst.NamedExpr) -> Type:
        type_ = self._expression(node.value)
        self._assign(node.target, type_)
        return type_

    def _subscript(self, node: cst.Subscript) -> Type:
        owner = self._expression(node.value)
        slices = []
        for part in node.slice:
            if isinstance(part.slice, cst.Index):
                slices.append(self._expression(part.slice.value))
            else:
                self._anything(part.slice)
                slices.append(None)
        if owner.kind is Kind.TENSOR:
            return (
                UNKNOWN
                if any(isinstance(p.slice, cst.Index) and _is_text(p.slice.value) for p in node.slice)
                else TENSOR
            )
        if owner.kind in (Kind.LIST, Kind.INSTANCE):
            return owner if slices == [None] else element(owner)
        if owner.kind is Kind.TUPLE:
            index = node.slice[0].slice
            if slices == [None]:
                return list_of(element(owner))
            place = _whole_number(index.value) if isinstance(index, cst.Index) else None
            inside = place is not None and -len(owner.items) <= place < len(owner.items)
            return owner.items[place] if inside else element(owner)
        if owner.kind is Kind.DICT:
            return owner.items[0]
        return OTHER if owner is OTHER else UNKNOWN

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

    def _comprehension(self, node: cst.BaseComp) -> Type:
        self._clauses(node.for_in)
        if isinstance(node, cst.DictComp):
            self._expression(node.key)
            return dict_of(self._expression(node.value))
        return list_of(self._expression(node.elt))

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

    def _annotation(self, node: cst.Annotation) -> Type:
        return self._declared(node.annotation)

    def _declared(self, node: cst.BaseExpression) -> Type:
        type_ = self._expression(node)
        if isinstance(node, cst.SimpleString):
            text = str(node.evaluated_value)
            return TENSOR if re.fullmatch(r"(torch\.)?Tensor|(jt\.)?Var", text) else UNKNOWN
        if isinstance(node, cst.Subscript):
            return self._generic(node)
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
            return join(self._declared(node.left), self._declared(node.right))
        if type_ is NONE:
            return NONE
        name = self._known.resolve(type_.name) if type_.kind is Kind.NAME else ""
        if name in TENSOR_CLASSES or (name.startswith("torch.") and name.endswith("Tensor")):
            return TENSOR
        if name.rpartition(".")[2] in _PLAIN_ANNOTATIONS or name.startswith("numpy."):
            return OTHER
        if name in self._known.classes or is_torch_module(name) or name.startswith("torch.optim."):
            return instance(name)
        if name.startswith("builtins."):
            return list_of(UNKNOWN) if name.removeprefix("builtins.") in _LISTS else UNKNOWN
        return UNKNOWN

    def _generic(self, node: cst.Subscript) -> Type:
        name = self[node.value].name.rpartition(".")[2]
        inner = [self._declared(part.slice.value) for part in node.slice if isinstance(part.slice, cst.Index)]
        if not inner:
            return UNKNOWN
        if name in ("Optional", "Union"):
            return join(*inner)
        if name in ("tuple", "Tuple") and not isinstance(node.slice[-1].slice.value, cst.Ellipsis) and len(inner) > 1:
            return tuple_of(tuple(inner))
        if name in _LISTS:
            return list_of(inner[0])
        if name in _DICTS:
            return dict_of(inner[-1])
        return inner[0] if name in ("Annotated", "Final", "ClassVar") else UNKNOWN


def dotted(node: cst.CSTNode) -> str:
    """ "a.b.c" of an attribute chain, "" for anything else."""
    names = []
    while isinstance(node, cst.Attribute):
        names.append(node.attr.value)
        node = node.value
    return ".".join([node.value, *reversed(names)]) if isinstance(node, cst.Name) else ""


def _of_container(receiver: Type, method: str) -> Type | None:
    if receiver.kind is Kind.INSTANCE and not receiver.name.endswith(("ModuleDict", "ParameterDict")):
        return None
    held = receiver.items[0] if receiver.items and receiver.kind is not Kind.TUPLE else element(receiver)
    if method == "values":
        return list_of(held)
    if method == "items":
        return list_of(tuple_of((OTHER, held)))
    if method == "keys":
        return list_of(OTHER)
    return held if method in ("pop", "get", "popitem") else receiver if method == "copy" else None


def _is_text(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.SimpleString | cst.FormattedString | cst.ConcatenatedString)


def _whole_number(node: cst.CSTNode) -> int | None:
    if isinstance(node, cst.Integer):
        return int(node.evaluated_value)
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        inner = _whole_number(node.expression)
        return None if inner is None else -inner
    return None


_STATEMENTS = {
    cst.SimpleStatementLine: Inference._simple,
    cst.SimpleStatementSuite: Inference._simple,
    cst.IndentedBlock: Inference._simple,
    cst.Assign: Inference._assignment,
    cst.AnnAssign: Inference._annotated,
    cst.AugAssign: Inference._augmented,
    cst.Return: Inference._return,
    cst.Import: Inference._import,
    cst.ImportFrom: Inference._import_from,
    cst.FunctionDef: Inference._function,
    cst.ClassDef: Inference._class,
    cst.If: Inference._if,
    cst.While: Inference._if,
    cst.Else: Inference._else,
    cst.Finally: Inference._else,
    cst.For: Inference._for,
    cst.With: Inference._with,
    cst.ExceptHandler: Inference._handler,
}

_EXPRESSIONS = {
    cst.Name: Inference._name,
    cst.Integer: Inference._plain,
    cst.Float: Inference._plain,
    cst.Imaginary: Inference._plain,
    cst.SimpleString: Inference._plain,
    cst.FormattedString: Inference._plain,
    cst.ConcatenatedString: Inference._plain,
    cst.Attribute: Inference._attribute,
    cst.Call: Inference._call,
    cst.BinaryOperation: Inference._binary,
    cst.UnaryOperation: Inference._unary,
    cst.Comparison: Inference._comparison,
    cst.BooleanOperation: Inference._boolean,
    cst.IfExp: Inference._choice,
    cst.NamedExpr: Inference._walrus,
    cst.Subscript: Inference._subscript,
    cst.List: Inference._sequence,
    cst.Tuple: Inference._sequence,
    cst.Set: Inference._sequence,
    cst.Dict: Inference._dict,
    cst.ListComp: Inference._comprehension,
    cst.SetComp: Inference._comprehension,
    cst.GeneratorExp: Inference._comprehension,
    cst.DictComp: Inference._comprehension,
    cst.Lambda: Inference._lambda,
    cst.Yield: Inference._yield,
}
