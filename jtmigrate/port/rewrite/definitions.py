"""What attributes and calls give, where the answer is in the facts about the ported files themselves."""

from jtmigrate.port.rewrite import results
from jtmigrate.port.rewrite.facts import ClassFacts, Facts, is_torch_module
from jtmigrate.port.rewrite.kinds import MIXED, OTHER, UNKNOWN, Kind, Type, element, instance, join, named
from jtmigrate.port.rewrite.names import canonical


class Definitions:
    """Classes and functions of the files: read from the facts of an earlier round, added to those of this file."""

    def __init__(self, known: Facts, found: Facts):
        self._known, self._found = known, found

    def canonical(self, name: str) -> str:
        """The public full name of what a name refers to."""
        return self._known.resolve(canonical(name))

    def member(self, owner: Type, name: str) -> Type:
        """What `owner.name` is."""
        if owner.kind is Kind.NAME:
            full = self.canonical(f"{owner.name}.{name}")
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
            if own in (UNKNOWN, MIXED) and owner.name in self._found.classes:
                own = self._found.classes[owner.name].attributes.get(name, own)
            return own
        return OTHER if owner is OTHER else UNKNOWN

    def set_attribute(self, owner: str, name: str, type_: Type) -> None:
        """Note what is assigned to an attribute of a class's objects."""
        self._found.add(self._found.classes.setdefault(owner, ClassFacts()).attributes, name, type_)

    def called(self, name: str, given: tuple[Type, ...], by_name: dict[str, Type]) -> Type:
        """What calling the class or function with this full name gives; what it is handed is noted."""
        name = self._known.resolve(name)
        if name in self._known.classes or name in self._found.classes:
            self._handed(f"{name}.__init__", given, by_name)
            return instance(name)
        if name in self._known.results:
            self._handed(name, given, by_name)
            return self._known.results[name]
        held = join(*given) if len(given) != 1 or given[0].kind not in (Kind.LIST, Kind.TUPLE) else element(given[0])
        found = results.of_class(name, held)
        return found if found is not UNKNOWN else results.of_function(name, given, "dim" in by_name)

    def run(self, called: Type, given: tuple[Type, ...], by_name: dict[str, Type]) -> Type:
        """What calling an object gives; what it is handed is noted."""
        for ancestor in self._known.ancestors(called.name):
            held = self._known.classes.get(ancestor)
            if held is None:
                return results.of_module(ancestor) if is_torch_module(ancestor) else UNKNOWN
            for method in ("forward", "execute", "__call__"):
                if method in held.methods:
                    self._handed(f"{ancestor}.{method}", given, by_name)
                    return self._known.results.get(f"{ancestor}.{method}", UNKNOWN)
        return UNKNOWN

    def above(self, name: str) -> Type:
        """What `super()` is in a method of the class with this full name."""
        if name not in self._found.classes:
            return UNKNOWN
        bases = [base for base in self._found.classes[name].bases if base]
        return instance(bases[0]) if bases else UNKNOWN

    def _handed(self, function: str, given: tuple[Type, ...], by_name: dict[str, Type]) -> None:
        table = self._found.parameters[function]
        for key, type_ in (*((f"#{index}", type_) for index, type_ in enumerate(given)), *by_name.items()):
            self._found.add(table, key, type_ if type_.kind is not Kind.NAME else UNKNOWN)
