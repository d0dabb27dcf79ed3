"""What the expressions of one file are, found by walking through it once in the order of its text.

Not flow analysis: the last assignment counts. What other files, later lines and callers tell is taken from the facts of
an earlier round. Where nothing is known, nothing is assumed.

Names are the business of bindings.py, expressions of expressions.py; statements are here.
"""

from collections.abc import Iterable

import libcst as cst

from jtmigrate.port.rewrite.bindings import Scope
from jtmigrate.port.rewrite.expressions import Expressions
from jtmigrate.port.rewrite.facts import ClassFacts, Facts
from jtmigrate.port.rewrite.kinds import MIXED, NONE, TENSOR, UNKNOWN, Kind, element, join, list_of, named
from jtmigrate.port.rewrite.syntax import outermost


class Inference(Expressions):
    """One file's types; see the module.

    Ids are those of the tree's nodes, which live as long as the tree does.

    classes  id of a ClassDef -> full name
    bound    names that imports bind in the module itself
    """

    def __init__(self, tree: cst.Module, module: str, known: Facts, *, package: bool):
        super().__init__(module, known, package=package)
        self.classes: dict[int, str] = {}
        self._block(tree.body)
        self.found.exports[module] = dict(self._scope.names)
        self.bound = frozenset(self._scope.imported)

    def _block(self, statements: Iterable[cst.CSTNode]) -> None:
        for statement in statements:
            self._statement(statement)

    def _statement(self, node: cst.CSTNode) -> None:
        self.nodes.append(node)
        match node:
            case cst.SimpleStatementLine() | cst.SimpleStatementSuite() | cst.IndentedBlock():
                self._block(node.body)
            case cst.Assign():
                type_ = self._expression(node.value)
                for target in node.targets:
                    self._assign(target.target, type_)
            case cst.AnnAssign():
                self._annotated(node)
            case cst.AugAssign():
                before, value = self._expression(node.target), self._expression(node.value)
                if TENSOR in (before, value):
                    self._assign(node.target, TENSOR)
            case cst.Return():
                self._scope.returned.append(self._expression(node.value) if node.value is not None else NONE)
            case cst.Import():
                self._import(node)
            case cst.ImportFrom():
                self._import_from(node)
            case cst.FunctionDef():
                self._function(node)
            case cst.ClassDef():
                self._class(node)
            case cst.If() | cst.While():
                self._expression(node.test)
                self._branches(node)
            case cst.For():
                self._assign(node.target, element(self._expression(node.iter)))
                self._branches(node)
            case cst.Else():
                self._block(node.body.body)
            case cst.With():
                self._with(node)
            case _:
                self._other(node)

    def _other(self, node: cst.CSTNode) -> None:
        """A statement without a rule of its own: whatever is in it."""
        for inner in outermost(node):
            if isinstance(inner, cst.BaseExpression):
                self._expression(inner)
            else:
                self._statement(inner)

    def _annotated(self, node: cst.AnnAssign) -> None:
        type_ = self._annotation(node.annotation)
        if node.value is not None:
            type_ = join(type_, self._expression(node.value))
        self._assign(node.target, type_)

    def _branches(self, node: cst.If | cst.While | cst.For) -> None:
        self._block(node.body.body)
        if node.orelse is not None:
            self._statement(node.orelse)

    def _with(self, node: cst.With) -> None:
        for item in node.items:
            type_ = self._expression(item.item)
            if item.asname is not None:
                self._assign(item.asname.name, type_)
        self._block(node.body.body)

    def _function(self, node: cst.FunctionDef) -> None:
        decorators = [self._expression(decorator.decorator).name for decorator in node.decorators]
        scope = self._scope
        full = f"{scope.prefix}.{node.name.value}"
        inner = Scope(full, scope)
        inner.method_of = scope.owner
        if scope.owner:
            self.found.classes[scope.owner].methods.add(node.name.value)
        self._parameters(
            node.params,
            inner,
            full,
            first_is_receiver=bool(scope.owner) and "builtins.staticmethod" not in decorators,
            of_class="builtins.classmethod" in decorators,
        )
        declared = self._annotation(node.returns)
        self._scope = inner
        self._block(node.body.body)
        self._scope = scope
        returned = join(declared, *inner.returned) if declared in (UNKNOWN, MIXED) else declared
        result = list_of(join(*inner.yielded)) if inner.yielded else returned
        self.found.results[full] = result
        is_property = any(name.endswith(("builtins.property", "cached_property")) for name in decorators)
        if is_property and scope.owner:
            self._bind(node.name.value, result)
        elif not scope.owner or node.name.value not in self.found.classes[scope.owner].attributes:
            scope.names[node.name.value] = named(full)
        self.types[id(node)] = named(full)

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
        self._block(node.body.body)
        self._scope = scope
