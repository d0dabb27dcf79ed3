"""The names of one file: what imports and assignments bind them to, and what they stand for where they are read."""

import builtins

import libcst as cst

from jtmigrate.port.rewrite.definitions import Definitions
from jtmigrate.port.rewrite.facts import Facts
from jtmigrate.port.rewrite.kinds import NONE, UNKNOWN, Type, named
from jtmigrate.port.rewrite.syntax import dotted

_BUILTINS = frozenset(dir(builtins))


class Scope:
    """Names of a function, class or module."""

    def __init__(self, prefix: str, outer: "Scope | None" = None, *, owner: str = ""):
        self.prefix = prefix
        self.outer = outer
        self.owner = owner
        """Of a class's own scope: its full name."""
        self.method_of = ""
        """Of a function that is a method: the class's full name."""
        self.names: dict[str, Type] = {}
        self.imported: set[str] = set()
        """Those of `names` that an import binds."""
        self.returned: list[Type] = []
        self.yielded: list[Type] = []


class Bindings:
    """Scopes and imports of a file, while it is walked through.

    found         the facts that this file adds
    imported      ids of names that an import binds, where they are read
    stars         modules of which everything is imported
    taken         (module, name) of what is imported from modules
    imports       full names of imported modules
    import_nodes  (statement, full name) of every import
    """

    def __init__(self, module: str, known: Facts, *, package: bool):
        self.found = Facts()
        self.imported: set[int] = set()
        self.stars: list[str] = []
        self.taken: set[tuple[str, str]] = set()
        self.imports: set[str] = set()
        self.import_nodes: list[tuple[cst.CSTNode, str]] = []
        self._module = module
        self._package = module if package else module.rpartition(".")[0]
        self._known = known
        self._definitions = Definitions(known, self.found)
        self._scope = Scope(module)

    def source_of(self, node: cst.ImportFrom) -> str:
        """The full name of the module that is imported from."""
        module = dotted(node.module) if node.module else ""
        if not node.relative:
            return module
        package = self._package
        for _ in node.relative[1:]:
            package = package.rpartition(".")[0]
        return f"{package}.{module}".strip(".")

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
        if self.stars and (found := self._star(name)) is not UNKNOWN:
            self.imported.add(id(node))
            return found
        return named(f"builtins.{name}") if name in _BUILTINS else UNKNOWN

    def _star(self, name: str) -> Type:
        """What `from module import *` brings under this name."""
        for module in reversed(self.stars):
            if module in self._known.exports:
                if name in self._known.exports[module]:
                    return self._known.exports[module][name]
            elif module.partition(".")[0] == "torch" and not name.startswith("_") and name not in _BUILTINS:
                return named(f"{module}.{name}")
        return UNKNOWN

    def _super(self) -> Type:
        scope: Scope | None = self._scope
        while scope is not None and not scope.method_of:
            scope = scope.outer
        return self._definitions.above(scope.method_of) if scope is not None else UNKNOWN

    def _bind(self, name: str, type_: Type, *, imported: bool = False) -> None:
        if type_ is NONE and name in self._scope.names:
            return
        self._scope.names[name] = type_
        (self._scope.imported.add if imported else self._scope.imported.discard)(name)
        if self._scope.owner:
            self._definitions.set_attribute(self._scope.owner, name, type_)

    def _import(self, node: cst.Import) -> None:
        for alias in node.names:
            name = dotted(alias.name)
            self.imports.add(name)
            self.import_nodes.append((node, name))
            if alias.asname is not None:
                self._bind(alias.asname.name.value, named(self._definitions.canonical(name)), imported=True)
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
            full = self._definitions.canonical(f"{module}.{name}" if module else name)
            local = alias.asname.name.value if alias.asname else name
            known = self._known.exports.get(module, {}).get(name)
            self._bind(local, known if known is not None else named(full), imported=True)
